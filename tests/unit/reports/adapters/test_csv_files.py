"""CSV as every spreadsheet and program reads it."""

import csv
from pathlib import Path

from services.reports.adapters.csv_files import CsvFile
from services.reports.domain.exports import Language
from tests.unit.reports.exported import attendee, document


def write(path: Path, *names: str) -> bytes:
    """The bytes of a file with attendees of these names."""
    file = CsvFile(path, document(len(names), language=Language.DE))
    file.add([attendee(name) for name in names])
    file.finish()
    return path.read_bytes()


def test_any_text_comes_back_as_it_was(tmp_path: Path) -> None:
    """Quotes, separators, line breaks and scripts; what is dangerous carries its mark."""
    names = ['Anna "Ann" Lee', "Doe, John", "two\r\nlines", "山田 太郎", "=1+1", "😀"]

    write(tmp_path / "x.csv", *names)

    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert [row[2] for row in rows] == ["Name", *names[:4], "'=1+1", "😀"]


def test_lines_end_and_files_begin_as_the_standard_says(tmp_path: Path) -> None:
    """A byte order mark, without which a spreadsheet takes UTF-8 for something else, and CRLF."""
    data = write(tmp_path / "x.csv", "Ada")

    assert data.startswith(b"\xef\xbb\xbfTicketcode,Kategorie,Name,")
    assert data.endswith(b"2026-07-01T12:00:00+00:00,\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == 2
