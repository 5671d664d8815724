"""Phone numbers as callers' networks send them and as people say them, made E.164."""

import re

import phonenumbers

WITHHELD = frozenset({"+266696687", "+86282452253", "+7378742833", "+2562533", "+8656696", "+17378742833"})
"""What some carriers send instead of a number: ANONYMOUS, UNAVAILABLE, RESTRICTED, BLOCKED, UNKNOWN on a keypad."""

_SPOKEN = re.compile(r"[^\W\d_]{3,}")
_SIP = re.compile(r"sips?:(?P<user>[^@;]+)", re.IGNORECASE)
_LONGEST = 60
SHORTEST = len("+1234567")
"""An emergency number, or an extension, calls nobody back."""


def read_phone(text: str, country: str | None) -> str | None:
    """The number in E.164, or None where there is none: withheld, a name, too short, or without a country to put it in.

    `country` (ISO 3166-1) is where a number without its country is taken to be.
    """
    written = text.strip()[:_LONGEST]
    if (sip := _SIP.match(written)) is not None:
        written = sip["user"]
    if _SPOKEN.search(written) or not any(letter.isdigit() for letter in written):
        return None
    if written.startswith("00"):
        written = f"+{written[2:]}"
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    number = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    if number in WITHHELD or len(number) < SHORTEST or not phonenumbers.is_possible_number(parsed):
        return None
    return number
