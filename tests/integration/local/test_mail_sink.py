"""The local mail server."""

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from deploy.local.mail_sink import BIGGEST
from deploy.local.ports import free_port
from tests.integration.local.dummy_project import ROOT


@contextmanager
def _sink(folder: Path) -> Iterator[smtplib.SMTP]:
    port = free_port()
    command = [sys.executable, "-m", "deploy.local.mail_sink", str(port), str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with smtplib.SMTP("127.0.0.1", port) as client:
                yield client
        finally:
            process.terminate()


def test_each_mail_becomes_a_file(tmp_path: Path) -> None:
    """With its content as it was sent, and whom it was sent to on top, hidden recipients too."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.org", "buyer@example.org", "Tickets für dich"
    mail.set_content("Hello")

    with _sink(tmp_path) as client:
        client.send_message(mail, to_addrs=["buyer@example.org", "hidden@example.org"])
        client.send_message(mail)
    files = sorted(tmp_path.glob("*.eml"))
    first = message_from_bytes(files[0].read_bytes(), policy=policy.default)

    assert len(files) == 2
    assert first["Subject"] == "Tickets für dich"
    assert first["X-Envelope-To"] == "buyer@example.org, hidden@example.org"
    assert first.get_content().strip() == "Hello"


def test_oversized_mail_is_refused(tmp_path: Path) -> None:
    """As a real server does, with 552, and nothing is written."""
    with _sink(tmp_path) as client, pytest.raises(smtplib.SMTPResponseException) as refused:
        client.sendmail("a@example.org", ["b@example.org"], b"x" * (BIGGEST + 1))

    assert refused.value.smtp_code == 552
    assert list(tmp_path.iterdir()) == []
