"""Welcomes as their readers get them."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from services.notifications.composing import Composer
from services.notifications.domain.mailboxes import mailbox
from tests.unit.notifications.report_samples import stored, welcome_email

COMPOSER = Composer(mailbox("Bellhop <bellhop@example.com>"), ZoneInfo("UTC"), stored)


def mail_of(**changes: Any) -> EmailMessage:
    return message_from_bytes(COMPOSER.compose(welcome_email(**changes)).content, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return cast(str, body.get_content())


@pytest.mark.parametrize(("language", "subject"), [("en", "Welcome to Blue Hall"), ("de", "Willkommen bei Blue Hall")])
def test_a_welcome_comes_from_the_organisation_in_the_readers_language(language: str, subject: str) -> None:
    """They know the organisation, not who runs its installation."""
    message = mail_of(language=language)
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == "Blue Hall"
    assert "Ada Lovelace" in part(message, "plain")


def test_own_words_take_the_place_of_ours() -> None:
    """With their paragraphs and lines, in the text as in the page."""
    message = mail_of(text="Doors open\nat seven.\n\n\nSee you there!")
    assert "Doors open\nat seven.\n\nSee you there!" in part(message, "plain").replace("\r\n", "\n")
    assert "Doors open<br>at seven.</p>" in part(message, "html")
    assert "address list" not in part(message, "html")


def test_nobody_and_nothing_named_still_reads_well() -> None:
    """No empty braces, and no empty heading."""
    message = mail_of(sender="", name=" ", text=" \n ")
    text = part(message, "plain")
    assert message["Subject"] == "Welcome"
    assert "Hello,\n\nyou have been added" in text.replace("\r\n", "\n")
    assert "<h1" not in part(message, "html")


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", "{{ 7 * 7 }} {name}", "a\r\nBcc: x@example.net", "x" * 20_000]
)
def test_awkward_words_change_nothing_but_themselves(words: str) -> None:
    """They are an organisation's, and go to people it has only just imported."""
    message = mail_of(text=words, sender=words, name=words)
    assert "<script" not in part(message, "html")
    assert message["Bcc"] is None
    assert not message.defects
