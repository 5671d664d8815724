"""From a row of a file to a person, or to what is wrong with the row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.reports.domain.cells import DANGEROUS
from services.reports.domain.contacts import (
    MAX_NAME,
    email_key,
    has_controls,
    is_email_address,
    language_code,
    one_line,
    phone_number,
)
from services.reports.domain.imports import Row
from services.reports.domain.mapping import ColumnMapping
from services.reports.domain.row_faults import reason_of

LONGEST_EXTRA: Final = 2_000
LONGEST_KEPT: Final = 2_000
"""Characters of a cell that are kept of a row that failed."""
MOST_KEPT: Final = 200
"""Cells that are kept of such a row: no file that is taken has more columns."""
UNREADABLE: Final = "\ufffd"
"""Stands where bytes were no characters of the file's encoding."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a row describes them. What the row leaves empty is empty, or None, and changes nothing."""

    email_key: str
    email: str
    name: str
    phone: str | None
    language: str | None
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FailedRow:
    """A row that is not taken in. `column` is the field that `code` is about; `reason` names all that is wrong."""

    number: int
    column: str | None
    code: str
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows of one import: the meaning of its columns, its country for phone numbers, its language for reasons.

    `width` is how many columns the file has by its headings.
    """

    mapping: ColumnMapping
    width: int
    country: str | None = None
    language: str = "en"

    def read(self, row: Row) -> Person | FailedRow:
        """The person, or all that is wrong with the row."""
        faults: list[tuple[str | None, str, str]] = []
        if any(cell.strip() for cell in row.cells[self.width :]):
            faults.append((None, "too_many_cells", str(self.width)))
        person = Person(
            email_key=email_key(self._cell(row, self.mapping.email)),
            email=self._email(row, faults),
            name=self._name(row, faults),
            phone=self._phone(row, faults),
            language=self._language(row, faults),
            extra=self._extra(row, faults),
        )
        if row.repeats is not None:
            faults.append(("email", "repeated", str(row.repeats)))
        return self._failed(row, faults) if faults else person

    def _cell(self, row: Row, place: int | None) -> str:
        """The text of a cell; empty where the row ends before it."""
        return unescaped(row.cells[place].strip()) if place is not None and place < len(row.cells) else ""

    def _email(self, row: Row, faults: list[tuple[str | None, str, str]]) -> str:
        written = self._cell(row, self.mapping.email)
        if not written:
            faults.append(("email", "email_missing", ""))
        elif not is_email_address(written):
            faults.append(("email", "email_invalid", written))
        return written

    def _name(self, row: Row, faults: list[tuple[str | None, str, str]]) -> str:
        places = (self.mapping.name, self.mapping.first_name, self.mapping.last_name)
        written = " ".join(self._cell(row, place) for place in places)
        name = one_line(written)
        if _is_garbled(written):
            faults.append(("name", "characters_invalid", ""))
        elif len(name) > MAX_NAME:
            faults.append(("name", "too_long", str(MAX_NAME)))
        return name

    def _phone(self, row: Row, faults: list[tuple[str | None, str, str]]) -> str | None:
        written = self._cell(row, self.mapping.phone)
        if not written:
            return None
        number = phone_number(written[:100], self.country)
        if number is None:
            faults.append(("phone", "phone_invalid", written))
        return number

    def _language(self, row: Row, faults: list[tuple[str | None, str, str]]) -> str | None:
        written = self._cell(row, self.mapping.language)
        if not written:
            return None
        language = language_code(written)
        if language is None:
            faults.append(("language", "language_invalid", written))
        return language

    def _extra(self, row: Row, faults: list[tuple[str | None, str, str]]) -> dict[str, str]:
        extra = {name: self._cell(row, place) for name, place in self.mapping.extra.items()}
        for name, value in extra.items():
            if _is_garbled(value):
                faults.append((name, "characters_invalid", ""))
            elif len(value) > LONGEST_EXTRA:
                faults.append((name, "too_long", str(LONGEST_EXTRA)))
        return {name: value for name, value in extra.items() if value}

    def _failed(self, row: Row, faults: Sequence[tuple[str | None, str, str]]) -> FailedRow:
        column, code, _ = faults[0]
        reasons = (reason_of(self.language, *fault) for fault in faults)
        return FailedRow(row.number, column, code, "; ".join(reasons), kept_cells(row))


def unescaped(cell: str) -> str:
    """The cell without the mark that keeps a spreadsheet program from taking it for a formula: ours, and others' too."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(DANGEROUS) else cell


def kept_cells(row: Row) -> tuple[str, ...]:
    """The cells of a row that failed, as they can be stored: without NUL and halves of characters, and not without end."""
    return tuple(_storable(cell[:LONGEST_KEPT]) for cell in row.cells[:MOST_KEPT])


def _storable(text: str) -> str:
    return text.replace("\x00", UNREADABLE).encode("utf-8", "replace").decode()


def _is_garbled(text: str) -> bool:
    return UNREADABLE in text or has_controls(text)
