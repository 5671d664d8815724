"""What a customer is told about an appointment, and what becomes of a letter without addresses."""

from email import message_from_bytes, policy
from typing import Any

import pytest
import structlog

from tests.integration.notifications.conftest import Start
from tests.integration.notifications.mail_servers import Mailboxes, aiosmtpd_server, scripted
from tests.integration.notifications.twilio_server import twilio
from tests.unit.notifications.appointment_samples import LETTERS, MANAGE_URL, tell

PHONE = "+4915112345678"


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_reaches_mail_and_telephone(start: Start, letter: str) -> None:
    """Each of the seven, as one mail and one text message."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port, twilio() as provider:
        service = start(smtp=f"smtp://127.0.0.1:{port}", twilio=provider.url)
        service.hear(tell(letter, language="de"))
        assert (len(handler.contents), provider.posts) == (1, 1)
    assert service.rows("emails", "state, template, recipient") == [("sent", "appointment", "ada@example.org")]
    assert service.rows("text_messages", "state, recipient") == [("sent", PHONE)]


def test_a_confirmation_arrives_with_its_calendar_file(start: Start) -> None:
    """Through a real mail server, nothing of it is lost."""
    handler = Mailboxes()
    with aiosmtpd_server(handler) as port:
        start(smtp=f"smtp://127.0.0.1:{port}").hear(tell(phone=None, service="Größe"))
    message = message_from_bytes(handler.contents[0], policy=policy.default)
    (attached,) = message.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("application/ics", "appointment.ics")
    assert "SUMMARY:Größe (Example Dental)\r\n" in attached.get_content().decode()


def test_the_same_key_is_written_once_also_to_a_corrected_address(start: Start) -> None:
    """A letter that was sent is not sent again because somebody mended a letter of the address."""
    with scripted() as mail, twilio() as provider:
        service = start(smtp=mail.url, twilio=provider.url)
        for changes in ({}, {}, {"email": "ada@example.net", "phone": "+4915187654321"}):
            service.hear(tell(**changes))
        assert (len(mail.mails), provider.posts) == (1, 1)


def test_another_key_or_another_organisation_is_another_letter(start: Start) -> None:
    """Two organisations may number their letters alike."""
    with scripted() as mail:
        service = start(smtp=mail.url)
        service.hear(tell(key="a"))
        service.hear(tell(key="b"))
        service.hear(tell(key="a", organisation_id="01931d5e-0000-7000-8000-00000000000f"))
        assert len(mail.mails) == 3


def test_a_customer_with_a_telephone_only_is_texted(start: Start) -> None:
    """Most who call leave no mail address."""
    with twilio() as provider:
        service = start(twilio=provider.url)
        service.hear(tell(email=None))
        assert provider.posts == 1
    assert service.rows("emails", "id") == []
    assert MANAGE_URL in service.value("text_messages", "body")


def test_a_customer_with_a_mail_address_only_is_mailed(start: Start) -> None:
    """Withheld numbers are common."""
    with scripted() as mail:
        service = start(smtp=mail.url)
        service.hear(tell(phone=None))
        assert len(mail.mails) == 1
    assert service.rows("text_messages", "id") == []


@pytest.mark.parametrize("addresses", [{"email": None, "phone": None}, {"email": " ", "phone": ""}, {"email": None}])
def test_a_customer_who_cannot_be_reached_is_a_line_in_the_log(start: Start, addresses: dict[str, Any]) -> None:
    """Neither address, or a telephone and no provider of text messages. It is no failure: nothing can be tried again."""
    with structlog.testing.capture_logs() as lines:
        service = start()
        service.hear(tell(**addresses))
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["a customer cannot be written to"]
    assert service.failed_jobs() == []


def test_a_number_that_cannot_be_dialled_is_logged_as_failed(start: Start) -> None:
    """And the mail goes out all the same."""
    with scripted() as mail, twilio() as provider:
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(tell(phone="next door"))
        assert (len(mail.mails), provider.posts) == (1, 0)
    assert service.rows("text_messages", "state, error_code") == [("failed", "invalid_phone_number")]


def test_a_mail_address_that_is_none_fails_by_name(start: Start) -> None:
    """As speech recognition writes them down; the text message goes out all the same."""
    with scripted() as mail, twilio() as provider:
        service = start(smtp=mail.url, twilio=provider.url)
        service.hear(tell(email="john dot doe at example dot com"))
        assert (mail.mails, provider.posts) == ([], 1)
    assert service.rows("emails", "state, error_code") == [("failed", "recipient_refused")]


def test_a_letter_about_no_time_fails_by_name(start: Start) -> None:
    """It would tell somebody to come, and not when."""
    service = start()
    service.hear(tell("confirmed", starts_at=None))
    assert service.failed_jobs() == [("notifications.appointment.tell", "permanent", "letter_incomplete")]
    assert service.rows("emails", "template") == []
