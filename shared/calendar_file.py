"""Calendar files, as of RFC 5545, with the methods of RFC 5546 that mail programs act on.

Times are in UTC, which every calendar shows in its owner's zone, and which needs no rules of time zones in the file.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
"""`REQUEST` puts the entry in or replaces it, `CANCEL` takes it out, `PUBLISH` is for a download, to nobody by name."""

LINE_OCTETS = 75
PRODUCT = "-//Bellhop//Appointments//EN"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URI = ":/?#[]@!$&'()*+,;=%~"
"""What stands in an address as it is: the reserved characters of RFC 3986, and what is escaped already."""
_MAILBOX = "@!$&'*+-./=_~"
_BREAK = re.compile(r"\r\n|[\r\n\u2028\u2029\x85]")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is at an appointment. `name` may be empty."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One entry. `uid` stays the same for ever, and of two files about it the one with the higher `sequence` holds.

    `written_at` is when the file was made. Without `ends_at` it is a moment. `url` is left out unless it is one.
    """

    uid: str
    sequence: int
    written_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    summary: str
    description: str = ""
    location: str = ""
    url: str = ""
    organiser: Person | None = None
    attendee: Person | None = None


def calendar_file(entry: CalendarEntry, method: Method) -> str:
    """The file: lines of at most 75 octets that end in CRLF. Encode it as UTF-8."""
    lines = [
        "BEGIN:VCALENDAR",
        f"PRODID:{PRODUCT}",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        *_event(entry, method),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(entry: CalendarEntry, method: Method) -> list[str]:
    lines = [
        f"UID:{_text(entry.uid)}",
        f"DTSTAMP:{_utc(entry.written_at)}",
        f"SEQUENCE:{entry.sequence}",
        f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
        f"DTSTART:{_utc(entry.starts_at)}",
    ]
    if entry.ends_at is not None and entry.ends_at > entry.starts_at:
        lines.append(f"DTEND:{_utc(entry.ends_at)}")
    lines.append(f"SUMMARY:{_text(entry.summary)}")
    optional = (("DESCRIPTION", entry.description), ("LOCATION", entry.location))
    lines += [f"{name}:{_text(value)}" for name, value in optional if value]
    if entry.url.startswith(("https://", "http://")):
        lines.append(f"URL:{quote(entry.url, safe=_URI)}")
    if entry.organiser is not None:
        lines.append(f"ORGANIZER{_named(entry.organiser)}")
    if entry.attendee is not None and method != "PUBLISH":
        came = ";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE"
        lines.append(f"ATTENDEE{came}{_named(entry.attendee)}")
    return [*lines, "TRANSP:OPAQUE"]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A value of type TEXT (RFC 5545, section 3.3.11)."""
    escaped = value.replace("\\", "\\\\").replace(";", r"\;").replace(",", r"\,")
    return _CONTROL.sub("", _BREAK.sub(r"\\n", escaped))


def _named(person: Person) -> str:
    """Name and address of a property's value. A parameter has no way to write a quotation mark (section 3.2)."""
    name = _CONTROL.sub("", _BREAK.sub(" ", person.name)).replace('"', "'").strip()
    common = f';CN="{name}"' if name else ""
    return f"{common}:mailto:{quote(person.address, safe=_MAILBOX)}"


def _folded(line: str) -> str:
    """Cut into lines of 75 octets, each but the first after a space, and no character in two (section 3.1)."""
    lines, octets = [""], 0
    for char in line:
        size = len(char.encode("utf-8", "replace"))
        if octets + size > LINE_OCTETS:
            lines.append("")
            octets = 1
        lines[-1] += char
        octets += size
    return "\r\n ".join(lines)
