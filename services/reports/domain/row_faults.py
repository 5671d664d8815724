"""What can be wrong with a row, in the words of whoever has to put it right."""

from collections.abc import Mapping
from typing import Final

SHOWN: Final = 60
"""Characters of a wrong value that are repeated."""

_REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "too_many_cells": "has more cells than the {value} columns of the file",
        "email_missing": "there is no mail address",
        "email_invalid": "“{value}” is not a mail address",
        "phone_invalid": "“{value}” is not a phone number with its country code, such as +49 30 901820",
        "language_invalid": "“{value}” is not a language code such as de",
        "characters_invalid": "{column} has characters that cannot be read",
        "too_long": "{column} is longer than {value} characters",
        "repeated": "the same mail address stands in row {value}",
        "not_taken_in": "could not be taken in: import the file once more",
    },
    "de": {
        "too_many_cells": "hat mehr Zellen als die {value} Spalten der Datei",
        "email_missing": "die E-Mail-Adresse fehlt",
        "email_invalid": "„{value}“ ist keine E-Mail-Adresse",
        "phone_invalid": "„{value}“ ist keine Telefonnummer mit Landesvorwahl wie +49 30 901820",
        "language_invalid": "„{value}“ ist kein Sprachcode wie de",
        "characters_invalid": "{column} hat Zeichen, die nicht lesbar sind",
        "too_long": "{column} ist länger als {value} Zeichen",
        "repeated": "dieselbe E-Mail-Adresse steht in Zeile {value}",
        "not_taken_in": "konnte nicht übernommen werden: bitte die Datei noch einmal einlesen",
    },
}
_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"email": "the mail address", "name": "the name", "phone": "the phone number", "language": "the language"},
    "de": {"email": "die E-Mail-Adresse", "name": "der Name", "phone": "die Telefonnummer", "language": "die Sprache"},
}
LANGUAGES: Final = tuple(_REASONS)


def reason_of(language: str, column: str | None, code: str, value: str) -> str:
    """The sentence in a language, or in English where there is none in it. `value` is shown in part only."""
    words = language if language in _REASONS else "en"
    named = _COLUMNS[words].get(column or "", f"“{column}”")
    shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
    return _REASONS[words][code].format(value=_printable(shown), column=named)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
