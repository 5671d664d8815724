"""CSV files as people have them: of any encoding and separator, with whatever programs have put into them."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from services.reports.domain.imports import Reading, Row
from services.reports.errors import FileRefusedError

SAMPLE: Final = 256 * 1024
"""Bytes that are looked at to find out encoding and separator."""
PIECE: Final = 1024 * 1024
LONGEST_ROW: Final = 4 * 1024 * 1024
"""Characters. A row that is longer, or a quote that is never closed, is refused before it fills the memory."""
MOST_COLUMNS: Final = 200
DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_ROWS: Final = 50
SOME_CONTROLS: Final = 0.1
"""Of a sample that is text, at most so many characters are controls."""
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOO_LONG = f"is longer than {LONGEST_ROW:,} characters: is there a quote that is opened and never closed?"


def detect(path: Path, wish: Reading) -> Reading:
    """The reading of a file with its encoding and delimiter filled in, unless the wish names them.

    Raises FileRefusedError for what is no text.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    encoding = wish.encoding or _encoding(path, sample)
    text = _sample_text(sample, encoding)
    if not wish.encoding and _is_binary(text):
        raise FileRefusedError("unsupported_file", "this is neither a CSV file nor an Excel workbook (.xlsx)")
    reading = replace(wish, kind="csv", encoding=encoding, sheet=None)
    return replace(reading, delimiter=wish.delimiter or _announced(text) or _delimiter(text))


def rows(path: Path, reading: Reading) -> Iterator[Row]:
    """The rows that are not empty, the headings among them.

    Bytes that are no characters of the encoding are replaced by U+FFFD. Raises FileRefusedError for what cannot be read.
    """
    assert reading.encoding is not None
    assert reading.delimiter is not None
    with path.open("rb") as raw:
        text = TextIOWrapper(raw, reading.encoding, errors="replace", newline="")
        lines = _Lines(text, reading.delimiter)
        reader = csv.reader(lines, delimiter=reading.delimiter, skipinitialspace=True)
        try:
            for number, cells in enumerate(reader, start=1):
                lines.begin_row(number + 1)
                if any(cell and not cell.isspace() for cell in cells):
                    yield Row(number, _checked(number, cells))
        except csv.Error as error:
            raise FileRefusedError("unreadable_row", f"row {lines.row}: {_why(error)}") from error


class _Lines:
    """The lines of a text for csv.reader, which would put together whatever a quote holds open."""

    def __init__(self, text: TextIOWrapper, delimiter: str) -> None:
        self._text, self._delimiter = text, delimiter
        self._room, self._is_first = LONGEST_ROW, True
        self.row = 1

    def begin_row(self, row: int) -> None:
        self.row, self._room = row, LONGEST_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._room + 1)
        if not line:
            raise StopIteration
        self._room -= len(line)
        if self._room < 0:
            columns = line.count(self._delimiter)
            if columns > MOST_COLUMNS:
                raise _too_many(self.row, f"more than {columns:,}")
            raise FileRefusedError("unreadable_row", f"row {self.row} {_TOO_LONG}")
        if self._is_first:
            self._is_first = False
            if _announced(line) is not None:
                return "\n"
        return line


def _checked(number: int, cells: list[str]) -> tuple[str, ...]:
    if len(cells) > MOST_COLUMNS:
        raise _too_many(number, f"{len(cells):,}")
    return tuple(cells)


def _too_many(number: int, columns: str) -> FileRefusedError:
    text = f"row {number} has {columns} columns, and {MOST_COLUMNS} are the most that can be taken"
    return FileRefusedError("too_many_columns", text)


def _why(error: csv.Error) -> str:
    if "field larger" in str(error):
        return "a cell is longer than 131,072 characters: is there a quote that is opened and never closed?"
    return str(error)


def _encoding(path: Path, sample: bytes) -> str:
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    wide = _without_mark(sample)
    if wide is not None:
        return wide
    return "utf-8" if _is_utf8(path) else "cp1252"


def _without_mark(sample: bytes) -> str | None:
    """UTF-16 without a mark: of most characters one half is zero, always the same one."""
    pairs = len(sample) // 2
    low, high = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if high > 0.4 * pairs and low < 0.05 * pairs:
        return "utf-16-le"
    if low > 0.4 * pairs and high < 0.05 * pairs:
        return "utf-16-be"
    return None


def _is_utf8(path: Path) -> bool:
    """Whether all of the file is: the one byte that is not may come last."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sample_text(sample: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)


def _is_binary(text: str) -> bool:
    controls = sum(sign < " " and sign not in "\t\r\n" for sign in text)
    return controls > SOME_CONTROLS * len(text)


def _announced(text: str) -> str | None:
    """The separator that the first line names, as Excel understands and writes it: `sep=;`."""
    first = text[:8].removeprefix("\ufeff").splitlines()[:1]
    line = first[0] if first else ""
    return line[4] if len(line) == 5 and line.lower().startswith("sep=") and line[4] in DELIMITERS else None


def _delimiter(text: str) -> str:
    """The separator with which most rows have the same number of columns, and more than one; else the comma."""
    return max(DELIMITERS, key=lambda delimiter: (_agreement(text, delimiter), -DELIMITERS.index(delimiter)))


def _agreement(text: str, delimiter: str) -> float:
    """How well the first rows agree on a number of columns, weighed by how many there are: 0 where they have one."""
    whole = text.splitlines(keepends=True)
    widths: list[int] = []
    try:
        for cells in csv.reader(whole[: 4 * SAMPLE_ROWS], delimiter=delimiter, skipinitialspace=True):
            if any(cells):
                widths.append(len(cells))
            if len(widths) == SAMPLE_ROWS:
                break
    except csv.Error:
        return 0
    if not widths:
        return 0
    width, count = Counter(widths).most_common(1)[0]
    return count / len(widths) + min(width, 10) / 1_000 if width > 1 else 0
