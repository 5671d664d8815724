"""Calendar files, read back as RFC 5545 says."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar_file import CalendarEntry, Method, Person, calendar_file

STARTS_AT = datetime(2026, 8, 4, 10, 0, tzinfo=timezone(timedelta(hours=2)))
WRITTEN_AT = datetime(2026, 8, 1, 7, 30, tzinfo=UTC)
ROLE = "CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE"


def entry(**changes: object) -> CalendarEntry:
    fields: dict[str, object] = {
        "uid": "a1@clinic.example",
        "sequence": 2,
        "written_at": WRITTEN_AT,
        "starts_at": STARTS_AT,
        "ends_at": STARTS_AT + timedelta(minutes=30),
        "summary": "Check-up",
        "organiser": Person("post@clinic.example", "Example Dental"),
        "attendee": Person("ada@example.org", "Ada Lovelace"),
    }
    return CalendarEntry(**(fields | changes))  # type: ignore[arg-type] # a test's changes are of any type


def lines_of(text: str) -> list[str]:
    """The content lines, unfolded (RFC 5545, section 3.1)."""
    assert text.endswith("\r\n")
    return re.sub(r"\r\n[ \t]", "", text).removesuffix("\r\n").split("\r\n")


def value_of(text: str, name: str) -> str:
    """The text of a property, unescaped (section 3.3.11)."""
    (line,) = [line for line in lines_of(text) if re.match(rf"{name}[:;]", line)]
    unescaped = {"n": "\n", "N": "\n"}
    return re.sub(r"\\(.)", lambda found: unescaped.get(found[1], found[1]), line.partition(":")[2])


def test_a_request_has_what_mail_programs_need_to_act_on_it() -> None:
    """Method, the entry's identity, times in UTC, and both people (RFC 5546, section 3.2.2)."""
    assert lines_of(calendar_file(entry(), "REQUEST")) == [
        "BEGIN:VCALENDAR",
        "PRODID:-//Bellhop//Appointments//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:a1@clinic.example",
        "DTSTAMP:20260801T073000Z",
        "SEQUENCE:2",
        "STATUS:CONFIRMED",
        "DTSTART:20260804T080000Z",
        "DTEND:20260804T083000Z",
        "SUMMARY:Check-up",
        'ORGANIZER;CN="Example Dental":mailto:post@clinic.example',
        f'ATTENDEE;{ROLE};CN="Ada Lovelace":mailto:ada@example.org',
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_cancellation_names_the_same_entry_as_cancelled() -> None:
    """By its uid, with a sequence that is not lower."""
    lines = lines_of(calendar_file(entry(sequence=3), "CANCEL"))
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "UID:a1@clinic.example", "SEQUENCE:3"} <= set(lines)


def test_a_download_is_addressed_to_nobody() -> None:
    """METHOD:PUBLISH has no ATTENDEE (RFC 5546, section 3.2.1)."""
    assert "ATTENDEE" not in calendar_file(entry(), "PUBLISH")


@pytest.mark.parametrize("ends_at", [None, STARTS_AT, STARTS_AT - timedelta(hours=1)])
def test_an_end_that_is_not_known_is_left_out(ends_at: datetime | None) -> None:
    """DTEND must be later than DTSTART (section 3.8.2.2)."""
    assert "DTEND" not in calendar_file(entry(ends_at=ends_at), "REQUEST")


@given(text=st.text(max_size=300), method=st.sampled_from(["REQUEST", "CANCEL", "PUBLISH"]))
def test_whatever_is_written_stays_in_its_place(text: str, method: Method) -> None:
    """No text begins a property of its own, and no line is over 75 octets or cut inside of a character."""
    made = calendar_file(entry(summary=text, location=text, description=text, uid=text), method)
    names = [re.split("[:;]", line)[0] for line in lines_of(made)]
    plain = [
        re.split("[:;]", line)[0] for line in lines_of(calendar_file(entry(location="x", description="x"), method))
    ]
    assert [name for name in names if name not in {"LOCATION", "DESCRIPTION"}] == [
        name for name in plain if name not in {"LOCATION", "DESCRIPTION"}
    ]
    assert all(len(line.encode("utf-8", "replace")) <= 75 for line in made.split("\r\n"))


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
def test_readable_text_comes_back_as_it_was(text: str) -> None:
    """Commas, semicolons and backslashes among it."""
    assert value_of(calendar_file(entry(summary=text), "REQUEST"), "SUMMARY") == text


def test_lines_of_a_description_are_kept() -> None:
    """However they end."""
    made = calendar_file(entry(description="one\r\ntwo\nthree\rfour"), "REQUEST")
    assert value_of(made, "DESCRIPTION") == "one\ntwo\nthree\nfour"


@pytest.mark.parametrize("name", ['Dr. "Who"; X-EVIL=1', "a\r\nMETHOD:CANCEL", "Müller, Söhne: GmbH", ""])
def test_a_name_adds_no_parameter_and_no_line(name: str) -> None:
    """It stands in quotation marks, of which it has none itself."""
    made = calendar_file(entry(attendee=Person("ada@example.org", name)), "REQUEST")
    (line,) = [line for line in lines_of(made) if line.startswith("ATTENDEE")]
    assert lines_of(made).count("METHOD:CANCEL") == 0
    assert re.fullmatch(r'ATTENDEE(;[A-Z-]+=([A-Z-]+|"[^"]*"))*:mailto:ada@example\.org', line)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("https://clinic.example/a/x?y=1&z=%20", "URL:https://clinic.example/a/x?y=1&z=%20"),
        ("https://clinic.example/ä b\r\nX:1", "URL:https://clinic.example/%C3%A4%20b%0D%0AX:1"),
    ],
)
def test_an_address_is_written_so_that_it_is_one(url: str, line: str) -> None:
    """A value of type URI is not escaped as text is, so nothing in it may need that."""
    assert line in lines_of(calendar_file(entry(url=url), "REQUEST"))


def test_what_is_no_web_address_is_left_out() -> None:
    """Calendars open what stands there."""
    assert "javascript" not in calendar_file(entry(url="javascript:alert(1)"), "REQUEST")
