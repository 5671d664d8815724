"""Values of analyses as facts: each reads what agents write for it, or says that it cannot be read."""

import re
from collections.abc import Mapping
from typing import Any

from services.appointments.domain.call_data import clean_text

LONGEST_NAME, LONGEST_NOTES, LONGEST_EMAIL = 200, 2_000, 254
SHORTEST, LONGEST = 5, 24 * 60
"""Minutes of an appointment."""

_YES = frozenset({"true", "yes", "y", "1", "ja", "wahr", "si", "sì", "oui", "sí"})
_NO = frozenset({"false", "no", "n", "0", "nein", "falsch", "non"})
_EMAIL = re.compile(r"[^\s@\"<>(),:;\[\]\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_SPOKEN_EMAIL = (
    (r"\s+(?:at|ät|arroba|chiocciola)\s+", "@"),
    (r"\s+(?:dot|punkt|punto)\s+", "."),
    (r"\s+(?:underscore|unterstrich)\s+", "_"),
    (r"\s+(?:dash|minus|hyphen|bindestrich)\s+", "-"),
)
_HOURS = r"(?P<hours>\d{1,2}(?:[.,]5)?) ?(?:h|hours?|stunden?|std\.?)"
_MINUTES = r"(?P<minutes>\d{1,4}) ?(?:m|min\.?|mins|minutes?|minuten?)?"
_LENGTH = re.compile(rf"(?:{_HOURS})?\s*(?:{_MINUTES})?")
_LANGUAGES: Mapping[str, str] = {
    name: code
    for code, names in {
        "de": ("german", "deutsch"),
        "en": ("english", "englisch"),
        "es": ("spanish", "spanisch", "español"),
        "fr": ("french", "französisch", "français"),
        "it": ("italian", "italienisch", "italiano"),
        "nl": ("dutch", "niederländisch", "nederlands"),
        "pt": ("portuguese", "portugiesisch", "português"),
    }.items()
    for name in names
}


class WrongTypeError(Exception):
    """A value is not of a type, or not in a form, that this fact can have."""


def text(value: Any, longest: int = LONGEST_NAME) -> str:
    """Words, without line breaks at their ends. Raises WrongTypeError for what is not text."""
    if not isinstance(value, str):
        raise WrongTypeError(f"a text is expected, not {type(value).__name__}")
    return clean_text(" ".join(value.split()))[:longest]


def text_or_number(value: Any) -> str:
    """Words, or a whole number written out: ids, phone numbers and hours come as either. Raises WrongTypeError."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**15:
        return str(int(value))
    return text(value)


def yes_or_no(value: Any) -> bool:
    """Raises WrongTypeError."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    if isinstance(value, str):
        word = value.strip().lower().rstrip(".!")
        if word in _YES | _NO:
            return word in _YES
    raise WrongTypeError("yes or no is expected")


def email(value: Any) -> str:
    """An address in lower case, also from "john dot doe at example dot com". Raises WrongTypeError."""
    written = text(value, LONGEST_EMAIL + 1).lower().strip(" .,;<>")
    if "@" not in written:
        for spoken, sign in _SPOKEN_EMAIL:
            written = re.sub(spoken, sign, written)
    written = written.removeprefix("mailto:").replace(" ", "")
    if len(written) > LONGEST_EMAIL or not _EMAIL.fullmatch(written):
        raise WrongTypeError("an e-mail address is expected")
    return written


def minutes(value: Any) -> int:
    """A length in minutes. Raises WrongTypeError."""
    found = _LENGTH.fullmatch(text_or_number(value).lower().strip())
    if found is None or not (found["hours"] or found["minutes"]):
        raise WrongTypeError("a length in minutes is expected")
    length = round(float((found["hours"] or "0").replace(",", ".")) * 60) + int(found["minutes"] or 0)
    if not SHORTEST <= length <= LONGEST:
        raise WrongTypeError(f"a length is {SHORTEST} to {LONGEST} minutes")
    return length


def language(value: Any) -> str:
    """An ISO 639-1 code. Raises WrongTypeError."""
    written = text(value).lower()
    code = _LANGUAGES.get(written, written.replace("_", "-").partition("-")[0])
    if not re.fullmatch("[a-z]{2}", code):
        raise WrongTypeError("a language is expected")
    return code
