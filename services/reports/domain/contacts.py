"""What is taken as a mail address, a name and a phone number. Strict, because they go into the head of a mail."""

import re
import unicodedata
from typing import Final

import phonenumbers

MAX_NAME: Final = 200
MAX_EMAIL: Final = 254
MAX_LOCAL_PART: Final = 64

# RFC 5321, section 4.1.2, without quoted local parts, address literals and non-ASCII: what people really have.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}")
_LANGUAGE = re.compile(r"(?P<language>[A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")
_E164 = re.compile(r"\+[1-9]\d{6,14}")


def is_email_address(text: str) -> bool:
    """Whether this is a mail address, with nothing around it."""
    match = _EMAIL.fullmatch(text)
    return match is not None and len(text) <= MAX_EMAIL and len(match["local"]) <= MAX_LOCAL_PART


def email_key(text: str) -> str:
    """By what people are told apart: their mail address without blanks around it, in lower case."""
    return text.strip().lower()


def one_line(text: str) -> str:
    """The text in Unicode's composed form, with single blanks, none at its ends. Line breaks are blanks, too."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def has_controls(text: str) -> bool:
    """Whether there are characters in it that no name has: controls but for blanks, halves of characters."""
    return any(unicodedata.category(sign) in {"Cc", "Cs"} and not sign.isspace() for sign in text)


def phone_number(text: str, country: str | None) -> str | None:
    """The number in E.164; None for what is none, or lacks its country where `country` does not say it either."""
    written = f"+{text[2:]}" if text.startswith("00") else text
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    number = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return number if _E164.fullmatch(number) else None


def language_code(text: str) -> str | None:
    """The language of a code such as `de` or `de-AT` (BCP 47), in lower case; None for what is none."""
    match = _LANGUAGE.fullmatch(text)
    return match["language"].lower() if match else None
