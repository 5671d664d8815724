"""XLSX as spreadsheets read it: dates are dates, numbers are numbers, text is text."""

import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from services.reports.adapters.xlsx_files import LONGEST_TEXT, XlsxFile
from services.reports.domain.cells import Row
from services.reports.domain.exports import Format, Kind, Language
from tests.unit.reports.exported import attendee, document, order


def write(path: Path, rows: Sequence[Row], rows_of_sheet: int = 1_000, **says: Any) -> CalamineWorkbook:
    """The file as another program reads it."""
    file = XlsxFile(path, document(len(rows), **{"format": Format.XLSX, **says}), rows_of_sheet)
    file.add(rows)
    file.finish()
    return CalamineWorkbook.from_path(str(path))


def test_moments_are_dates_in_the_askers_zone(tmp_path: Path) -> None:
    """Two hours later than UTC, in a summer of Berlin."""
    book = write(tmp_path / "x.xlsx", [attendee()], time_zone="Europe/Berlin")

    assert book.get_sheet_by_index(0).to_python()[1][9] == datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001 - sheets have no zones


def test_moments_that_sheets_cannot_count_are_text(tmp_path: Path) -> None:
    """Their calendar begins in 1900."""
    book = write(tmp_path / "x.xlsx", [attendee(issued_at=datetime(1850, 1, 2, tzinfo=UTC))])

    assert book.get_sheet_by_index(0).to_python()[1][9] == "1850-01-02 00:00"


def test_amounts_are_numbers_in_the_format_of_their_currency(tmp_path: Path) -> None:
    """A sum over them is one."""
    rows = [order(125_050, "EUR"), order(500, "JPY"), order(None, None)]

    book = write(tmp_path / "x.xlsx", rows, kind=Kind.ORDERS)

    cells = book.get_sheet_by_index(0).to_python()[1:]
    assert [row[7] for row in cells] == [1250.5, 500.0, ""]
    assert [row[6] for row in cells] == [2.0, 2.0, 2.0]
    shapes = zipfile.ZipFile(tmp_path / "x.xlsx").read("xl/styles.xml").decode()
    assert "#,##0.00 &quot;EUR&quot;" in shapes
    assert "#,##0 &quot;JPY&quot;" in shapes


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "http://example.com", "0012", "1e5", "_x0041_", "a\x01b", "true"])
def test_text_is_never_anything_else(tmp_path: Path, text: str) -> None:
    """No formula, number, link or code, whatever it looks like."""
    book = write(tmp_path / "x.xlsx", [attendee(text)])

    sheet = zipfile.ZipFile(tmp_path / "x.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert book.get_sheet_by_index(0).to_python()[1][2] == (f"'{text}" if text[0] in "=@" else text)


def test_text_that_no_cell_can_hold_is_cut(tmp_path: Path) -> None:
    """And not left out."""
    book = write(tmp_path / "x.xlsx", [attendee("x" * 40_000)])

    cell = book.get_sheet_by_index(0).to_python()[1][2]
    assert isinstance(cell, str)
    assert len(cell) == LONGEST_TEXT
    assert cell.endswith("x…")


def test_more_rows_than_a_sheet_holds_go_on_in_another(tmp_path: Path) -> None:
    """Each with the headings, which stay in sight, and a filter over its rows."""
    book = write(tmp_path / "x.xlsx", [attendee(f"N {number}") for number in range(7)], 3, language=Language.DE)

    sheets = {name: [row[2] for row in book.get_sheet_by_name(name).to_python()] for name in book.sheet_names}
    first = zipfile.ZipFile(tmp_path / "x.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert sheets == {
        "Teilnehmende": ["Name", "N 0", "N 1", "N 2"],
        "Teilnehmende 2": ["Name", "N 3", "N 4", "N 5"],
        "Teilnehmende 3": ["Name", "N 6"],
    }
    assert 'state="frozen"' in first
    assert '<autoFilter ref="A1:K4"/>' in first


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    """In its properties, with the moment at which the rows were read."""
    write(tmp_path / "x.xlsx", [attendee()], time_zone="Europe/Berlin")

    core = zipfile.ZipFile(tmp_path / "x.xlsx").read("docProps/core.xml").decode()
    assert "<dc:title>Attendees</dc:title>" in core
    assert "Times: Europe/Berlin" in core
    assert date(2026, 7, 1).isoformat() in core


def test_a_file_that_is_given_up_leaves_nothing_open(tmp_path: Path) -> None:
    """Its folder can be removed, and nobody is warned of a file that was not closed."""
    file = XlsxFile(tmp_path / "x.xlsx", document(1, format=Format.XLSX))
    file.add([attendee()])

    file.abandon()

    assert not (tmp_path / "x.xlsx").exists()
