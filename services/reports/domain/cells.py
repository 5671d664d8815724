"""How a row's values are written, for programs and for people."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.reports.domain import money
from services.reports.domain.columns import Column, Content
from services.reports.domain.export_words import WORDS, ExportWords
from services.reports.domain.exports import Language

DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A text that begins so is a formula to a spreadsheet: somebody's name would then run there. The last four are their
full-width forms. From OWASP, "CSV Injection": https://owasp.org/www-community/attacks/CSV_Injection."""
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
"""As a phone number without blanks, or a negative number: it runs nothing, and with a mark before it, it would be wrong."""

Row = Sequence[Any]
"""The values of one row, in the order of its columns: text, aware moments, whole numbers, codes; None where unknown."""


def escaped(text: str) -> str:
    """The text with a `'` before what a spreadsheet would take for a formula. Plain numbers stay as they are."""
    if text.startswith(DANGEROUS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


@dataclass(frozen=True, slots=True)
class Style:
    """In which language, and in whose time, an export is written."""

    language: Language
    zone: ZoneInfo

    @property
    def words(self) -> ExportWords:
        return WORDS[self.language]

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def shown(self, moment: datetime) -> str:
        """To the minute, as people of the language write it."""
        return self.local(moment).strftime(f"{self.words.day} %H:%M")


def headings(columns: Sequence[Column], style: Style) -> list[str]:
    """What stands above the columns."""
    return [style.words.headings[column.name] for column in columns]


def plain_writer(columns: Sequence[Column], style: Style) -> Callable[[Row], list[str]]:
    """Writes a row's cells for a text file that programs read.

    Moments are RFC 3339 in the asker's zone, with its offset, amounts have a decimal point in every language.
    """
    return _writer(
        columns,
        {
            Content.TEXT: lambda value: escaped(str(value)),
            Content.WORD: lambda value: style.words.codes[value],
            Content.MOMENT: lambda value: style.local(value).isoformat(timespec="seconds"),
            Content.NUMBER: str,
        },
        lambda amount, currency: str(money.major(amount, currency)),
    )


def shown_writer(columns: Sequence[Column], style: Style) -> Callable[[Row], list[str]]:
    """Writes a row's cells as people read them, in their language."""
    comma = style.words.decimal_comma
    return _writer(
        columns,
        {
            Content.TEXT: str,
            Content.WORD: lambda value: style.words.codes[value],
            Content.MOMENT: style.shown,
            Content.NUMBER: str,
        },
        lambda amount, currency: money.written(amount, currency, decimal_comma=comma),
    )


def _writer(
    columns: Sequence[Column],
    writes: dict[Content, Callable[[Any], str]],
    write_amount: Callable[[int, str], str],
) -> Callable[[Row], list[str]]:
    """None is an empty cell. An amount needs its row's currency; without one it stands in hundredths."""
    contents = [column.content for column in columns]
    names = [column.name for column in columns]
    currency_at = names.index("currency") if "currency" in names else None
    each = [None if content is Content.AMOUNT else writes[content] for content in contents]

    def write(row: Row) -> list[str]:
        currency = "" if currency_at is None else row[currency_at] or ""
        return [
            "" if value is None else write_amount(value, currency) if convert is None else convert(value)
            for value, convert in zip(row, each, strict=True)
        ]

    return write
