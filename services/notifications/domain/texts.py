"""Words of other people in our sentences: names on one line, moments in the installation's time, short texts."""

import re
import unicodedata
from datetime import datetime, tzinfo

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""The GSM 7-bit alphabet and its extension, whose characters take two places: 3GPP TS 23.038, section 6.2.1."""

GSM_LENGTH = 160
"""Places of one text message in that alphabet. One character outside of it, and only 70 fit."""

SHORTEST_NAME = 8
"""A name that is cut shorter than this tells nobody anything."""

_BIDI_CONTROLS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
_PHONE_DRESSING = re.compile(r"[\s().\-/\u2010-\u2015]+")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


def one_line(text: str, limit: int = 200) -> str:
    """A name as it may stand in a header, a subject or a line: no breaks, no control or direction characters.

    Letters of every script, emoji and quotes stay. What is longer than `limit` characters ends in an ellipsis.
    """
    kept = (" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    line = " ".join("".join(kept).translate(_BIDI_CONTROLS).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def long_moment(moment: datetime, zone: tzinfo) -> str:
    """`Saturday, 14 November 2026, 19:30 (CET)`: an aware moment in the installation's time zone, which is named."""
    local = moment.astimezone(zone)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} ({local.tzname()})"


def counted(count: int, noun: str) -> str:
    """`1 ticket`, `3 tickets`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def gsm_length(text: str) -> int | None:
    """How many places a text takes in the GSM alphabet; None if it has a character that is not in it."""
    return _places(text) if all(char in BASIC or char in EXTENDED for char in text) else None


def gsm(text: str) -> str:
    """A text in the GSM alphabet: accents that it lacks are taken off, what remains foreign to it is left out."""
    letters = (char if char in BASIC or char in EXTENDED else _plain(char) for char in one_line(text))
    return " ".join("".join(letters).split())


def _plain(char: str) -> str:
    known = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."}  # noqa: RUF001 - they are replaced
    return known.get(char) or "".join(part for part in unicodedata.normalize("NFKD", char) if part in BASIC)


def tickets_text(event_name: str, ticket_count: int, number: str, url: str) -> str:
    """What the buyer's telephone shows. One text message long, if the link leaves room; the link is never cut.

    For a long link the event's name is left out first, then the order's number.
    """
    tickets = "ticket" if ticket_count == 1 else f"{ticket_count} tickets"
    frame = f"Your {tickets} for {{}}, order {number}: {url}"
    room = GSM_LENGTH - _places(frame.format(""))
    name = gsm(event_name)
    if _places(name) > room:
        name = _cut(name, room) if room >= SHORTEST_NAME else ""
    if name:
        return frame.format(name)
    numbered = f"Your {tickets}, order {number}: {url}"
    return numbered if _places(numbered) <= GSM_LENGTH else f"Your {tickets}: {url}"


def _places(text: str) -> int:
    return sum(2 if char in EXTENDED else 1 for char in text)


def _cut(name: str, room: int) -> str:
    while _places(name) > room - 2:
        name = name[:-1]
    return name.rstrip(" .,:;-") + ".."


def e164(phone: str) -> str | None:
    """A telephone number as providers take it (`+4930123456`), or None if it is none.

    It must name its country, by `+` or `00`: a guess would text a stranger.
    """
    digits = _PHONE_DRESSING.sub("", phone.replace("(0)", ""))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    return digits if _E164.fullmatch(digits) else None
