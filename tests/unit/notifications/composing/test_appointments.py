"""Letters about appointments as their readers get them: composed, then parsed back."""

import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.composing import Composer
from services.notifications.composing.appointments import Teller
from services.notifications.domain.mailboxes import mailbox
from services.notifications.domain.texts import gsm_length
from services.notifications.letters import AppointmentLetter
from shared.contracts.notifications import TellAboutAppointment
from tests.unit.notifications.appointment_samples import LETTERS, MANAGE_URL, STARTS_AT, email_of, slots, tell

COMPOSER = Composer(mailbox("Bellhop <post@bellhop.example>"), ZoneInfo("UTC"), lambda _: b"")
WHEN = {
    "en": ("Tuesday, 4 August 2026, 10:00 to 10:30", "Berlin time (CEST, UTC+2)"),
    "de": ("Dienstag, 4. August 2026, 10:00 bis 10:30 Uhr", "Zeit in Berlin (MESZ, UTC+2)"),
}


def composed(message: TellAboutAppointment) -> EmailMessage:
    return message_from_bytes(COMPOSER.compose(email_of(message)).content, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return cast(str, body.get_content()).replace("\r\n", "\n")


def visible(html: str) -> str:
    """The words of a page."""
    body = html.partition("<body")[2]
    return " ".join(re.sub(r"<[^>]+>", "", body.partition(">")[2]).split())


def text_message(message: TellAboutAppointment) -> str:
    return Teller.of(AppointmentLetter.of(message)).text_message()


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("letter", [letter for letter in LETTERS if letter != "call_back"])
def test_text_and_page_both_name_service_company_and_time_with_its_zone(letter: str, language: str) -> None:
    """In the customer's language and on the customer's clock, which is named."""
    message = composed(tell(letter, language=language))
    told = ["Check-up", "Example Dental", "Ada Lovelace", *WHEN[language]]
    assert [words for words in told if words not in " ".join(part(message, "plain").split())] == []
    assert [words for words in told if words not in visible(part(message, "html"))] == []
    assert f'<html lang="{language}">' in part(message, "html")


@pytest.mark.parametrize(
    ("letter", "language", "subject"),
    [
        ("confirmed", "en", "Confirmed: Check-up, Tuesday, 4 August, 10:00"),
        ("requested", "en", "Requested: Check-up, Tuesday, 4 August, 10:00"),
        ("moved", "en", "New time: Check-up, Tuesday, 4 August, 10:00"),
        ("cancelled", "en", "Cancelled: Check-up, Tuesday, 4 August, 10:00"),
        ("reminder", "en", "Reminder: Check-up, Tuesday, 4 August, 10:00"),
        ("offer", "en", "Please choose a time: Check-up"),
        ("call_back", "en", "Example Dental will call you back"),
        ("confirmed", "de", "Bestätigt: Check-up, Dienstag, 4. August, 10:00 Uhr"),
        ("call_back", "de", "Example Dental ruft Sie zurück"),
    ],
)
def test_a_subject_says_all_that_matters(letter: str, language: str, subject: str) -> None:
    """Many people read no further on a telephone."""
    assert composed(tell(letter, language=language))["Subject"] == subject


def test_the_mail_comes_by_name_from_the_company_that_was_called() -> None:
    """From the installation's address: another would be taken for forged."""
    message = composed(tell())
    assert str(message["From"]) == "Example Dental <post@bellhop.example>"


@pytest.mark.parametrize(
    ("letter", "method"), [("confirmed", "REQUEST"), ("moved", "REQUEST"), ("cancelled", "CANCEL")]
)
def test_the_calendar_file_is_an_alternative_and_an_attachment(letter: str, method: str) -> None:
    """Outlook and Gmail act on the first, other programs open the second. Both are the same."""
    message = composed(tell(letter))
    structure = [one.get_content_type() for one in message.walk()]
    (invitation,) = [one for one in message.walk() if one.get_content_type() == "text/calendar"]
    (attached,) = message.iter_attachments()
    assert structure == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics")
    ]
    assert (invitation.get_param("method"), invitation.get_content_charset()) == (method, "utf-8")
    assert attached.get_content().decode() == invitation.get_content()
    assert f"METHOD:{method}\r\n" in invitation.get_content()


def test_the_calendar_file_says_where_and_links_to_change_it() -> None:
    """Long after the mail is lost, the entry still knows how to cancel."""
    (attached,) = composed(tell("confirmed", location="Room 2; upstairs, left")).iter_attachments()
    unfolded = cast(bytes, attached.get_content()).decode().replace("\r\n ", "")
    assert "SUMMARY:Check-up (Example Dental)\r\n" in unfolded
    assert "LOCATION:Room 2\\; upstairs\\, left\r\n" in unfolded
    assert f"URL:{MANAGE_URL}\r\n" in unfolded
    assert 'ORGANIZER;CN="Example Dental":mailto:post@bellhop.example\r\n' in unfolded


@pytest.mark.parametrize("letter", ["requested", "offer", "call_back"])
def test_what_does_not_stand_yet_comes_without_a_calendar_file(letter: str) -> None:
    """Nobody turns up for what was only asked for."""
    message = composed(tell(letter))
    assert list(message.iter_attachments()) == []
    assert "attached" not in part(message, "plain")


def test_an_offer_links_each_free_time_once_in_text_and_page() -> None:
    """The time that was wanted is struck through."""
    message = composed(tell("offer"))
    html, text = part(message, "html"), part(message, "plain")
    assert [html.count(f'href="{slot.url}"') for slot in slots()] == [1, 1, 1]
    assert [text.count(slot.url) for slot in slots()] == [1, 1, 1]
    assert "Wed 5 August, 10:30" in html
    assert "line-through" in html


def test_an_offer_to_move_says_that_the_appointment_stands() -> None:
    """Nobody stays away because the time that they would have liked better was taken."""
    message = tell("offer", previous_starts_at=STARTS_AT - timedelta(days=2))
    assert "Your appointment stands as it was" in part(composed(message), "plain")
    assert "Your appointment: Sunday, 2 August 2026, 10:00\n" in part(composed(message), "plain")
    assert part(composed(message), "html").count("line-through") == 1
    assert "it stays as it was" in text_message(message)


def test_an_offer_of_nothing_promises_a_call() -> None:
    """It happens: everything is taken."""
    message = tell("offer", slots=[])
    assert "will call you back" in part(composed(message), "plain")
    assert text_message(message) == "Example Dental: the time you wanted for Check-up is taken. We will call you back."


@pytest.mark.parametrize("letter", ["cancelled", "call_back"])
def test_nothing_is_offered_to_be_changed_where_nothing_stands(letter: str) -> None:
    """A button that leads nowhere is worse than none."""
    message = tell(letter, calendar=None, manage_url=MANAGE_URL)
    assert MANAGE_URL not in composed(message).as_string()
    assert MANAGE_URL not in text_message(message)


def test_an_online_appointment_links_to_its_room() -> None:
    """Only over https; anything else is shown and not linked."""
    online, odd = tell(location="https://video.example/r/1"), tell(location="javascript:alert(1)")
    assert 'href="https://video.example/r/1"' in part(composed(online), "html")
    assert 'href="javascript' not in part(composed(odd), "html")


def test_a_customer_without_a_name_and_a_service_without_one_are_greeted_all_the_same() -> None:
    """Agents do not always ask."""
    text = part(composed(tell(name="", service="")), "plain")
    assert "Hello,\n" in text
    assert "Appointment confirmed\n\nAppointment\n" in text


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("letter", LETTERS)
def test_text_messages_stay_in_the_alphabet_of_telephones(letter: str, language: str) -> None:
    """Outside of it, each costs more than double."""
    assert gsm_length(text_message(tell(letter, language=language))) is not None


def test_text_messages_say_what_when_and_where_to_change_it() -> None:
    """With the link last, and whole."""
    assert text_message(tell()) == (
        f"Example Dental: Check-up is booked for Tue 4 Aug, 10:00 (Berlin time). See, move or cancel it: {MANAGE_URL}"
    )
    assert text_message(tell("moved", language="de")) == (
        "Example Dental: Check-up wurde verschoben auf Di 4.8., 10:00 Uhr (Zeit in Berlin) statt Mo 3.8., 10:00 Uhr. "
        f"Ansehen, verschieben oder absagen: {MANAGE_URL}"
    )
    assert text_message(tell("moved", previous_starts_at=None, manage_url="")) == (
        "Example Dental: Check-up was moved to Tue 4 Aug, 10:00 (Berlin time)."
    )


def test_a_text_message_offers_three_times_at_most() -> None:
    """Each with its link on a line of its own; a mail has them all."""
    lines = text_message(tell("offer", slots=slots(5))).splitlines()
    assert lines[1:] == [
        f"{moment}: https://clinic.example/a/{number:056d}"
        for number, moment in enumerate(("Wed 5 Aug, 10:30", "Thu 6 Aug, 11:00", "Fri 7 Aug, 11:30"), 1)
    ]


def test_long_names_and_names_of_other_alphabets_leave_the_text_message_readable() -> None:
    """The time and the link are never cut, and a company is named as it is."""
    message = text_message(tell(company="רופא שיניים", service="x" * 500))
    assert message.startswith("רופא שיניים: xxx")
    assert MANAGE_URL in message
    assert len(message) < 300


@given(name=st.text(max_size=120), letter=st.sampled_from(LETTERS))
def test_no_name_changes_more_than_itself(name: str, letter: str) -> None:
    """No header, no recipient, no markup, no line of the calendar file, whatever somebody said on the telephone."""
    message = composed(tell(letter, name=name, service=name, company=name or "x", location=name, reason=name))
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert [address.addr_spec for address in message["From"].addresses] == ["post@bellhop.example"]
    assert message.keys().count("Subject") == 1
    assert "<script" not in part(message, "html")


def test_markup_in_names_is_shown_and_not_run() -> None:
    """They come from speech recognition, and from whoever speaks to it."""
    html = part(composed(tell(name="<script>alert(1)</script>{{ 7*7 }}", service="<b>{company}")), "html")
    assert "<script" not in html
    assert "{{ 7*7 }}" in html
    assert "&lt;b&gt;{company}" in html


def test_a_repeat_is_byte_for_byte_the_same_mail() -> None:
    """Its boundaries and the calendar file's stamp come from the row."""
    assert COMPOSER.compose(email_of(tell())) == COMPOSER.compose(email_of(tell()))


@pytest.mark.parametrize("letter", LETTERS)
def test_content_is_what_every_server_takes(letter: str) -> None:
    """ASCII and CRLF only, no line over 998 characters, also with a calendar file in it."""
    content = COMPOSER.compose(email_of(tell(letter, language="de", service="Größe 🎉" * 30))).content
    lines = content.split(b"\r\n")
    assert content.isascii()
    assert max(len(line) for line in lines) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
