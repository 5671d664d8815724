"""Letters about reports as their readers get them: composed, then parsed back."""

from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from services.notifications.composing import Composer
from services.notifications.composing.enclosures import ENCLOSED_BYTES
from services.notifications.domain.mailboxes import mailbox
from services.notifications.domain.report_words import REPORT_WORDS
from services.notifications.errors import MailNotComposableError, MailTooLargeError
from shared.contracts.notifications import Attached
from tests.unit.notifications.report_samples import FILES, LETTERS, URL, report_email, stored

COMPOSER = Composer(mailbox("Bellhop <bellhop@example.com>"), ZoneInfo("UTC"), stored)
AWKWARD = "{name} <script>alert(1)</script>\r\nBcc: x@example.net {{ 7 * 7 }} =?utf-8?q?x?="


def mail_of(letter: str = "export_ready", **changes: Any) -> EmailMessage:
    return message_from_bytes(COMPOSER.compose(report_email(letter, **changes)).content, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return cast(str, body.get_content())


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("letter", LETTERS)
def test_text_and_page_say_the_same_in_each_language(letter: str, language: str) -> None:
    """Whoever reads no HTML is told all of it; whatever is told is in their language."""
    message, wording = mail_of(letter, language=language), REPORT_WORDS[language].letters[letter]
    texts = [part(message, "plain"), part(message, "html")]
    assert [told for told in (wording.label, wording.lead) for text in texts if told not in text] == []
    assert not any("{" in text.partition("<body")[2] for text in texts)


def test_an_export_links_to_its_file_and_says_until_when() -> None:
    """On the reader's clock, which is named."""
    message = mail_of()
    assert message["Subject"] == "Your export is ready: attendees.xlsx"
    assert f'href="{URL.replace("&", "&amp;")}"' in part(message, "html")
    assert "Rows: 1,250" in part(message, "plain")
    assert "works until Tuesday, 11 August 2026, 10:00 (Berlin time)" in part(message, "plain")


def test_numbers_are_written_as_the_language_has_them() -> None:
    """A thousand and more."""
    assert "Zeilen: 1.250" in part(mail_of(language="de-CH"), "plain")


def test_an_organisation_without_a_name_has_its_week_all_the_same() -> None:
    """No colon before nothing."""
    message = mail_of("weekly_report", subject_of="")
    assert message["Subject"] == "Weekly report, 16 to 22 November 2026"
    assert "this address was given" in part(message, "plain")


def test_a_failure_says_why_and_shows_no_button() -> None:
    """There is no file to open."""
    message = mail_of("export_failed")
    assert "Reason: The key was revoked." in part(message, "plain")
    assert 'class="button"' not in part(message, "html")


def test_an_import_with_failed_rows_says_so_in_its_subject() -> None:
    """And shows the first of them."""
    message = mail_of("import_finished", counts={"created": 1, "failed": 2}, lines=["Row 3: no mail address."])
    assert message["Subject"] == "Your import is finished, some rows failed: attendees.xlsx"
    assert "- Row 3: no mail address." in part(message, "plain")
    assert "Download the rows that failed" in part(message, "html")


def test_a_count_that_the_letter_does_not_know_is_shown_by_its_name() -> None:
    """The sender may be newer."""
    assert "Left out: 4" in part(mail_of("import_finished", counts={"left_out": 4}), "plain")


@pytest.mark.parametrize(
    ("language", "starts", "said"),
    [
        ("en", date(2026, 11, 16), "16 to 22 November 2026"),
        ("de", date(2026, 11, 16), "16. bis 22. November 2026"),
        ("en", date(2026, 6, 29), "29 June to 5 July 2026"),
        ("de", date(2025, 12, 29), "29. Dezember 2025 bis 4. Januar 2026"),
    ],
)
def test_the_week_is_named_as_short_as_it_can_be(language: str, starts: date, said: str) -> None:
    """In the subject and below the heading, within a month, over its end, and over the end of a year."""
    message = mail_of("weekly_report", language=language, period_starts=starts)
    assert said in message["Subject"]
    assert said in part(message, "html")


def test_a_weekly_report_shows_its_figures_and_pictures_and_carries_its_file() -> None:
    """The picture in the page, described for those who do not see it; the PDF beside it."""
    message = mail_of("weekly_report")
    html, text = part(message, "html"), part(message, "plain")
    (picture,) = [one for one in message.walk() if one.get_content_maintype() == "image"]
    (attached,) = message.iter_attachments()
    assert f'src="cid:{str(picture["Content-ID"]).strip("<>")}"' in html
    assert 'alt="Revenue of each day"' in html
    assert picture.get_content() == stored("sales.png")
    assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", "report.pdf")
    assert "Revenue: EUR 1,250.00 (▲ +12 %)" in text
    assert "No-shows: 3" in text.splitlines()
    assert "attached to this mail" in text


def test_a_repeat_is_byte_for_byte_the_same_mail() -> None:
    """Also with its pictures and files."""
    email = report_email("weekly_report")
    assert COMPOSER.compose(email) == COMPOSER.compose(email)


def test_content_is_what_every_server_takes() -> None:
    """ASCII only, CRLF only, no line over 998 characters (RFC 5321, section 4.5.3.1.6)."""
    content = COMPOSER.compose(report_email("weekly_report", subject_of="Größe 🎉" * 30, language="de")).content
    lines = content.split(b"\r\n")
    assert content.isascii()
    assert max(len(line) for line in lines) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize("letter", LETTERS)
def test_awkward_words_change_nothing_but_themselves(letter: str) -> None:
    """File names and reasons come from outside: no header appears, and no markup runs."""
    words = {"subject_of": AWKWARD, "name": AWKWARD, "reason": AWKWARD, "lines": [AWKWARD], "counts": {AWKWARD: 1}}
    message = mail_of(letter, **words)
    assert message["Bcc"] is None
    assert not message.defects
    assert "<script" not in part(message, "html")


@pytest.mark.parametrize("name", ['#panic("x") $x^2$ <b>& "Söhne" 🎟️ בית 票', "ä " * 90, "🎟️" * 40, "Größe 🎉 " * 15])
def test_a_long_subject_in_any_script_arrives_as_it_was_written(name: str) -> None:
    """Line ends stand between characters, and blanks between words stay."""
    message = mail_of("weekly_report", subject_of=name)
    said = f"Weekly report, 16 to 22 November 2026: {' '.join(name.split())}"
    assert message["Subject"] == (said if len(said) <= 200 else said[:199].rstrip() + "…")


def test_awkward_file_names_and_descriptions_stay_names() -> None:
    """Quotes and line breaks end neither a header nor an attribute."""
    files = [
        file.model_copy(update={"name": f'a"b\r\nX: y{n}', "description": '"><b>'}) for n, file in enumerate(FILES)
    ]
    message = mail_of("weekly_report", attachments=files)
    assert 'alt="&#34;&gt;&lt;b&gt;"' in part(message, "html")
    assert [file.get_filename() for file in message.iter_attachments()] == ['a"b X: y1']


def test_files_that_no_mail_server_takes_are_refused_by_name() -> None:
    """Together they count: whoever writes the letter sends a link instead."""
    half = Attached(storage_key="reports/half", name="half.bin", content_type="application/octet-stream")
    composer = Composer(COMPOSER.sender, ZoneInfo("UTC"), lambda _: b"x" * (ENCLOSED_BYTES // 2 + 1))
    with pytest.raises(MailTooLargeError, match="reports/half"):
        composer.compose(report_email("weekly_report", attachments=[half, half]))


def test_a_content_type_that_is_none_says_what_does_not_fit() -> None:
    """It fails for good, and by name."""
    odd = Attached(storage_key="reports/odd", name="odd", content_type="")
    with pytest.raises(MailNotComposableError, match="report"):
        COMPOSER.compose(report_email("weekly_report", attachments=[odd]))
