"""Mails as their readers get them: composed, then parsed back."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.notifications.composing import Composer
from services.notifications.domain.mailboxes import mailbox
from services.notifications.domain.sendings import Email
from services.notifications.errors import MailNotComposableError, RecipientRefusedError
from services.notifications.letters import AlertLetter
from shared.errors import TransientError
from tests.unit.notifications.samples import EMAIL_ID, qr_image, tickets_email, token

SENDER = mailbox("Blue Hall <tickets@blue-hall.example>")
COMPOSER = Composer(SENDER, ZoneInfo("Europe/Berlin"), qr_image)
AWKWARD_NAMES = [
    'Zoë "Zo" O\'Neil, Jr. <zoe@example.net>',
    "line\r\nBcc: everyone@example.net\r\n\r\nbreak",
    "🎟️ 👩‍👩‍👧 Family",
    "ליאת בן־דוד",
    "أمسية موسيقية \u202e gpj.exe",
    "{{ 7 * 7 }} <script>alert(1)</script> & Söhne",
    "x" * 5_000,
    "=?utf-8?q?Bcc=3A?=",
]


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return cast(str, body.get_content())


def images(message: EmailMessage) -> dict[str, bytes]:
    found = (part for part in message.walk() if part.get_content_maintype() == "image")
    return {str(image["Content-ID"]).strip("<>"): cast(Any, image).get_content() for image in found}


def decoded(png: bytes) -> str:
    (barcode,) = zxingcpp.read_barcodes(Image.open(BytesIO(png)).convert("L"))
    return barcode.text


@pytest.mark.parametrize("ticket_count", [1, 2, 20])
def test_every_ticket_of_up_to_twenty_is_an_inline_qr_code_that_scans(ticket_count: int) -> None:
    """Each image is referred to once by the page, and decodes to its own ticket's token."""
    message = read(COMPOSER.compose(tickets_email(ticket_count)).content)
    html, found = part(message, "html"), images(message)
    assert [html.count(f'src="cid:{content_id}"') for content_id in found] == [1] * ticket_count
    assert [decoded(png) for png in found.values()] == [token(number) for number in range(1, ticket_count + 1)]


def test_a_larger_order_shows_twenty_codes_and_links_to_all() -> None:
    """The 21st ticket is not in the message that notifications hear; its reader finds all of them behind the link."""
    message = read(COMPOSER.compose(tickets_email(21)).content)
    html, text = part(message, "html"), part(message, "plain")
    assert len(images(message)) == 20
    assert html.count('href="https://tickets.example.com/o/7K2P9M"') == 1
    assert "Open all 21 tickets" in html
    assert "The first 20 are in this mail" in text


def test_text_and_page_both_tell_everything_about_the_order() -> None:
    """Whoever reads no HTML is told the same."""
    message = read(COMPOSER.compose(tickets_email(2)).content)
    told = [
        "An Evening with the Blue Note Quartet",
        "Saturday, 14 November 2026, 19:30 (CET)",
        "Blue Hall, Kantstraße 12, Berlin",
        "Ada Lovelace",
        "BH-7K2P9M",
        "EUR 125.00",
        "K7PM-W001",
        "K7PM-W002",
        "Standing",
        "https://tickets.example.com/o/7K2P9M",
    ]
    assert [words for words in told if words not in part(message, "plain")] == []
    assert [words for words in told if words not in part(message, "html")] == []


def test_headers_name_sender_recipient_subject_and_moment() -> None:
    """The row's id is the Message-ID, and the row's birth the Date."""
    message = read(COMPOSER.compose(tickets_email(2)).content)
    headers = {name: str(message[name]) for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")}
    assert headers == {
        "From": "Blue Hall <tickets@blue-hall.example>",
        "To": "Ada Lovelace <ada@example.org>",
        "Subject": "Your 2 tickets for An Evening with the Blue Note Quartet",
        "Date": "Tue, 01 Sep 2026 08:00:00 +0000",
        "Message-ID": f"<{EMAIL_ID}@blue-hall.example>",
        "Auto-Submitted": "auto-generated",
    }


def test_a_repeat_is_byte_for_byte_the_same_mail() -> None:
    """So a mail program that keeps one mail for each Message-ID loses nothing by it."""
    assert COMPOSER.compose(tickets_email(3)) == COMPOSER.compose(tickets_email(3))


@pytest.mark.parametrize("name", ["Größe", "Größe 🎉" * 20, "plain"])
def test_content_is_what_every_server_takes(name: str) -> None:
    """ASCII only, CRLF only, no line over 998 characters (RFC 5321, section 4.5.3.1.6)."""
    content = COMPOSER.compose(tickets_email(20, event_name=name, venue=name)).content
    lines = content.split(b"\r\n")
    assert content.isascii()
    assert max(len(line) for line in lines) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)


def test_short_words_outside_of_ascii_are_encoded_too() -> None:
    """Not every server takes eight bits (RFC 6152)."""
    letter = AlertLetter(subject="Größe", text="Größe", fingerprint="x", severity="warning")
    email = replace(tickets_email(), template=letter.template, facts=letter.facts())
    content = COMPOSER.compose(email).content
    assert content.isascii()
    assert "Größe" in read(content).get_content()


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_awkward_names_change_nothing_but_themselves(name: str) -> None:
    """No header appears, no recipient is added, no markup runs, whatever a buyer or organiser is called."""
    email = tickets_email(1, customer_name=name, event_name=name, venue=name)
    message = read(COMPOSER.compose(email).content)
    html = part(message, "html")
    assert message.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert "<script" not in html
    assert not message.defects
    assert not message["To"].defects


@given(name=st.text(max_size=120))
def test_any_name_leaves_one_recipient_and_one_subject(name: str) -> None:
    """Header injection is impossible, not only for the examples above."""
    message = read(
        Composer(SENDER, ZoneInfo("UTC"), lambda _: b"png")
        .compose(tickets_email(1, customer_name=name, event_name=name))
        .content
    )
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]
    assert message.keys().count("Subject") == 1
    assert message["Bcc"] is None


def test_readable_names_arrive_as_they_were_written() -> None:
    """Quotes, accents and other scripts are kept, in headers as well as in the page."""
    email = tickets_email(1, customer_name='Zoë "Zo" בן־דוד 🎉', event_name="Fête & Söhne")
    message = read(COMPOSER.compose(email).content)
    assert message["To"].addresses[0].display_name == 'Zoë "Zo" בן־דוד 🎉'
    assert message["Subject"] == "Your ticket for Fête & Söhne"
    assert "Fête &amp; Söhne" in part(message, "html")


def test_a_free_order_and_a_missing_venue_are_said_in_words() -> None:
    """No `EUR 0.00`, and no empty line where the place would stand."""
    message = read(COMPOSER.compose(tickets_email(1, amount=0, venue=None)).content)
    assert "Free of charge" in part(message, "html")
    assert "Where" not in part(message, "html")
    assert "Total   Free of charge" in part(message, "plain")


def test_an_address_outside_of_ascii_asks_for_smtputf8() -> None:
    """Its domain travels as IDNA; the part before the @ only servers of RFC 6531 take."""
    international = COMPOSER.compose(tickets_email(1, recipient="zoë@bücher.example"))
    ascii_user = COMPOSER.compose(tickets_email(1, recipient="zoe@bücher.example"))
    assert (international.recipient, international.needs_utf8) == ("zoë@xn--bcher-kva.example", True)
    assert (ascii_user.recipient, ascii_user.needs_utf8) == ("zoe@xn--bcher-kva.example", False)


@pytest.mark.parametrize(
    "recipient", ["nobody", "a@b@", "", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example"]
)
def test_what_is_no_address_is_refused_for_good(recipient: str) -> None:
    """No server need be asked."""
    with pytest.raises(RecipientRefusedError, match="is not a mail address"):
        COMPOSER.compose(tickets_email(1, recipient=recipient))


def test_an_alert_is_plain_text_with_what_was_kept_back() -> None:
    """Operations read it anywhere."""
    letter = AlertLetter(
        subject="disk\nfull", text="storage is full", fingerprint="disk", severity="critical", kept_back=4
    )
    email = replace(tickets_email(), template=letter.template, facts=letter.facts(), recipient_name="")
    message = read(COMPOSER.compose(email).content)
    assert message.get_content_type() == "text/plain"
    assert message["Subject"] == "[Bellhop critical] disk full"
    assert "storage is full" in message.get_content()
    assert "4 more like it" in message.get_content()


@pytest.mark.parametrize("broken", [{"template": "welcome"}, {"facts": {"number": "BH-1"}}])
def test_facts_that_fit_no_template_say_what_does_not_fit(broken: dict[str, Any]) -> None:
    """A row of a later release, or a damaged one, fails for good and by name."""
    email: Email = replace(tickets_email(), **broken)
    with pytest.raises(MailNotComposableError, match=str(EMAIL_ID)):
        COMPOSER.compose(email)


def test_a_storage_that_is_away_is_left_to_the_retry() -> None:
    """Its own error comes through, so the job is tried again."""

    def away(key: str) -> bytes:
        raise TransientError(f"no storage for {key}")

    with pytest.raises(TransientError, match=r"no storage for qr/1\.png"):
        Composer(SENDER, ZoneInfo("UTC"), away).compose(tickets_email(1))
