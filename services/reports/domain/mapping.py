"""Which column of a file means what about a person."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.reports.domain.contacts import is_email_address
from services.reports.domain.imports import Column
from services.reports.errors import ImportMappingInvalidError

FIELDS: Final = ("email", "name", "first_name", "last_name", "phone", "language")
LONGEST_EXTRA_NAME: Final = 100
LIKELY: Final = 0.6
"""Of a column's samples, how many must look like mail addresses for it to be taken for theirs without a heading."""

_HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": (
        *("email", "mail", "emailaddress", "mailaddress", "emailadresse", "mailadresse", "epost", "mailto"),
        *("courriel", "adressemail", "adresseemail", "correo", "correoelectronico", "postaelettronica", "useremail"),
    ),
    "name": (
        "name",
        "fullname",
        "displayname",
        "person",
        "contact",
        "kontakt",
        "nameperson",
        "vollstandigername",
        "nom",
    ),
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom", "nombre", "rufname"),
    "last_name": (
        "lastname",
        "surname",
        "familyname",
        "nachname",
        "familienname",
        "nomdefamille",
        "apellido",
        "apellidos",
    ),
    "phone": (
        *("phone", "phonenumber", "telephone", "telefon", "telefonnummer", "tel", "mobile", "mobilephone", "cell"),
        *("cellphone", "handy", "handynummer", "mobil", "mobilnummer", "mobiltelefon", "telefono", "rufnummer"),
    ),
    "language": ("language", "lang", "locale", "sprache", "langue", "idioma"),
}
OWN_HEADINGS: Final = (("Row", "Why"), ("Zeile", "Warum"))
"""The first two columns of our file of failed rows, in English and German: uploaded again, they mean nothing."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The place of each field in a row, from 0; None where the file does not have it. `extra` keeps further columns."""

    email: int
    name: int | None = None
    first_name: int | None = None
    last_name: int | None = None
    phone: int | None = None
    language: int | None = None
    extra: Mapping[str, int] = field(default_factory=dict)


def suggest(columns: Sequence[Column]) -> dict[str, Any]:
    """What the columns most likely mean, in the shape that `resolve` takes. `email` is None where none looks like it."""
    ours = columns[:2] and tuple(column.heading for column in columns[:2]) in OWN_HEADINGS
    free = list(columns[2:] if ours else columns)
    suggested: dict[str, Any] = dict.fromkeys(FIELDS)
    for name in FIELDS:
        found = next((column for column in free if _bare(column.heading) in _HEADINGS[name]), None)
        if found is None and name == "email":
            found = next((column for column in free if _looks_like_addresses(column)), None)
        if found is not None:
            free.remove(found)
            suggested[name] = _reference(found, columns)
    if suggested["first_name"] or suggested["last_name"]:
        suggested["last_name"] = suggested["last_name"] or suggested["name"]
        suggested["name"] = None
    suggested["extra"] = {
        column.heading[:LONGEST_EXTRA_NAME]: _reference(column, columns)
        for column in free
        if column.heading and isinstance(_reference(column, columns), str)
    }
    return suggested


def resolve(wanted: Mapping[str, Any], columns: Sequence[Column]) -> ColumnMapping:
    """The places that a mapping names. A column is named by its heading, or by its number from 1.

    Raises ImportMappingInvalidError where a column is not there, two have this heading, one is used twice, or no column
    has the mail address.
    """
    unknown = sorted(set(wanted) - {*FIELDS, "extra"})
    if unknown:
        raise ImportMappingInvalidError(f"{', '.join(unknown)}: known are {', '.join(FIELDS)} and extra")
    places = {name: _place(name, wanted.get(name), columns) for name in FIELDS}
    extra = {name: _place(name, wanted["extra"][name], columns) for name in wanted.get("extra") or {}}
    email = places.pop("email")
    if email is None:
        raise ImportMappingInvalidError("say in which column the mail address is: people are told apart by it")
    used = [place for place in (email, *places.values(), *extra.values()) if place is not None]
    twice = sorted({place + 1 for place in used if used.count(place) > 1})
    if twice:
        raise ImportMappingInvalidError(f"column {twice[0]} is named twice: a column means one thing")
    return ColumnMapping(email, extra={name: place for name, place in extra.items() if place is not None}, **places)


def _place(name: str, reference: int | str | None, columns: Sequence[Column]) -> int | None:
    if reference is None:
        return None
    if isinstance(reference, int):
        if not 1 <= reference <= len(columns):
            raise ImportMappingInvalidError(f"{name}: there is no column {reference}, the file has {len(columns)}")
        return reference - 1
    found = [place for place, column in enumerate(columns) if column.heading == reference]
    if len(found) != 1:
        many = "no column has" if not found else f"{len(found)} columns have"
        raise ImportMappingInvalidError(
            f"{name}: {many} the heading {reference[:100]!r}; a number, from 1, names it too"
        )
    return found[0]


def _reference(column: Column, columns: Sequence[Column]) -> str | int:
    """The heading, if no other column has it."""
    headings = [one.heading for one in columns]
    return column.heading if column.heading and headings.count(column.heading) == 1 else column.number


def _bare(heading: str) -> str:
    """The letters of a heading, without accents and case."""
    plain = unicodedata.normalize("NFKD", heading.casefold())
    return re.sub(r"[^a-z]", "", plain.encode("ascii", "ignore").decode())


def _looks_like_addresses(column: Column) -> bool:
    likely = sum(is_email_address(sample.strip()) for sample in column.samples)
    return bool(column.samples) and likely / len(column.samples) >= LIKELY
