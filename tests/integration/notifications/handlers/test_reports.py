"""What people are told about exports, imports and their week."""

from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

import pytest

from services.notifications.composing import Composer
from services.notifications.domain.mailboxes import mailbox
from tests.integration.notifications.conftest import Start
from tests.integration.notifications.mail_servers import Mailboxes, aiosmtpd_server, scripted
from tests.unit.notifications.report_samples import LETTERS, stored, tell_report

COMPOSER = Composer(mailbox("Bellhop <bellhop@example.com>"), ZoneInfo("UTC"), stored)


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_is_mailed_once_however_often_it_is_heard(start: Start, letter: str) -> None:
    """One key, one letter; another organisation may number its letters alike."""
    with scripted() as mail:
        service = start(smtp=mail.url, composer=COMPOSER)
        service.hear(tell_report(letter))
        service.hear(tell_report(letter, email="ada@example.net"))
        service.hear(tell_report(letter, organisation_id="01931d5e-0000-7000-8000-00000000000f"))
        assert len(mail.mails) == 2
    assert service.rows("emails", "state, template, recipient") == [("sent", "report", "ada@example.org")] * 2


def test_a_weekly_report_arrives_with_its_picture_and_its_file(start: Start) -> None:
    """Through a real mail server, nothing of it is lost."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port:
        start(smtp=f"smtp://127.0.0.1:{port}", composer=COMPOSER).hear(tell_report("weekly_report"))
    message = message_from_bytes(handler.contents[0], policy=policy.default)
    found = {part.get_content_type(): part.get_content() for part in message.walk() if part.get_filename()}
    assert found == {"image/png": stored("sales.png"), "application/pdf": stored("report.pdf")}


def test_nobody_to_tell_is_no_failure(start: Start) -> None:
    """An export may be asked for without an address."""
    service = start()
    service.hear(tell_report(email=" "))
    assert service.rows("emails", "id") == []
    assert service.failed_jobs() == []
