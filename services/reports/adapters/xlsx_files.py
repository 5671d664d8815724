"""XLSX files by xlsxwriter: row after row to the disk, numbers as numbers, moments as dates in the asker's zone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it has no stubs
from xlsxwriter.format import Format  # type: ignore[import-untyped] # it has no stubs
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # it has no stubs

from services.reports.domain import money
from services.reports.domain.cells import Row, escaped
from services.reports.domain.columns import Column, Content
from services.reports.domain.documents import Document
from services.reports.domain.exports import Language
from shared.money import decimals

ROWS_OF_SHEET: Final = 1_048_575
"""What a sheet holds besides its headings (Excel specifications and limits)."""
LONGEST_TEXT: Final = 32_767
"""Characters of a cell (the same page)."""
FIRST_YEAR: Final = 1901
"""Sheets count days from 1900, in which they have one too many."""
_DATES: Final = {Language.EN: "yyyy-mm-dd hh:mm", Language.DE: "dd.mm.yyyy hh:mm"}

Write = Callable[[Worksheet, int, Row], object]
"""Writes one cell of a row; the code that xlsxwriter's methods return says nothing here."""


class XlsxFile:
    """`rows_of_sheet` is where another sheet begins."""

    def __init__(self, path: Path, document: Document, rows_of_sheet: int = ROWS_OF_SHEET) -> None:
        self._document, self._rows_of_sheet = document, rows_of_sheet
        self._book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
        properties = {"title": document.title, "author": "Bellhop", "created": document.made_at.replace(tzinfo=None)}
        self._book.set_properties({**properties, "comments": "\n".join(document.lines)})
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._writes = [self._writer(at, column) for at, column in enumerate(document.columns)]
        self._row = 0
        self._sheets: list[Worksheet] = []
        self._begin_sheet()

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if self._row == self._rows_of_sheet:
                self._begin_sheet()
            self._row += 1
            for write, value in zip(self._writes, row, strict=True):
                if value is not None:
                    write(self._sheets[-1], self._row, row)

    def finish(self) -> None:
        self._end_sheet()
        self._book.close()

    def abandon(self) -> None:
        """What xlsxwriter has open is closed, so that its folder can be removed."""
        for sheet in self._sheets:
            sheet._opt_close()  # noqa: SLF001 - the only way to let go of a workbook that is not to be written

    def _begin_sheet(self) -> None:
        """A bold row of headings that stays in sight."""
        if self._sheets:
            self._end_sheet()
        number = len(self._sheets) + 1
        sheet = self._book.add_worksheet(self._document.title if number == 1 else f"{self._document.title} {number}")
        sheet.freeze_panes(1, 0)
        for at, (column, heading) in enumerate(zip(self._document.columns, self._document.headings, strict=True)):
            sheet.set_column(at, at, column.width)
            sheet.write_string(0, at, heading, self._bold)
        self._sheets.append(sheet)
        self._row = 0

    def _end_sheet(self) -> None:
        self._sheets[-1].autofilter(0, 0, self._row, len(self._document.columns) - 1)

    def _writer(self, at: int, column: Column) -> Write:
        """Writes the cells of one column."""
        words = self._document.style.words.codes
        match column.content:
            case Content.TEXT:
                return lambda sheet, number, row: _write_text(sheet, number, at, str(row[at]))
            case Content.WORD:
                return lambda sheet, number, row: _write_text(sheet, number, at, words[row[at]])
            case Content.NUMBER:
                return lambda sheet, number, row: sheet.write_number(number, at, row[at])
            case Content.MOMENT:
                return self._moment_writer(at)
            case Content.AMOUNT:
                return self._amount_writer(at, self._document.columns)

    def _moment_writer(self, at: int) -> Write:
        style = self._document.style
        shape = self._book.add_format({"num_format": _DATES[style.language], "align": "left"})

        def write(sheet: Worksheet, number: int, row: Row) -> None:
            moment: datetime = style.local(row[at]).replace(tzinfo=None)
            if moment.year < FIRST_YEAR:
                _write_text(sheet, number, at, style.shown(row[at]))
            else:
                sheet.write_datetime(number, at, moment, shape)

        return write

    def _amount_writer(self, at: int, columns: Sequence[Column]) -> Write:
        """Numbers in the format of their currency."""
        currency_at = [column.name for column in columns].index("currency")
        shapes: dict[str, Format] = {}

        def write(sheet: Worksheet, number: int, row: Row) -> None:
            currency = row[currency_at] or ""
            if currency not in shapes:
                shapes[currency] = self._book.add_format({"num_format": _amount_shape(currency)})
            sheet.write_number(number, at, float(money.major(row[at], currency)), shapes[currency])

        return write


def _amount_shape(currency: str) -> str:
    """`#,##0.00 "EUR"`: a reader shows it in the way of its own country."""
    places = decimals(currency)
    number = "#,##0" + ("." + "0" * places if places else "")
    return f'{number} "{currency}"' if currency.isalpha() else number


def _write_text(sheet: Worksheet, number: int, at: int, text: str) -> None:
    """Never a formula, a number or a link, whatever it looks like; cut where a cell ends."""
    safe = escaped(text)
    sheet.write_string(number, at, safe if len(safe) <= LONGEST_TEXT else f"{safe[: LONGEST_TEXT - 1]}…")
