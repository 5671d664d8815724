"""Exports as pages."""

from pathlib import Path

from services.reports.adapters.pdf_tables import PdfTable
from services.reports.domain.exports import Format, Kind, Language
from tests.support.pdf_pages import pdf_text
from tests.unit.reports.exported import attendee, document, order


def test_a_page_says_what_it_shows(tmp_path: Path) -> None:
    """In the asker's language: title, rows, zone, headings, values, the moment, the page."""
    says = document(1, kind=Kind.ORDERS, format=Format.PDF, language=Language.DE, time_zone="Europe/Berlin")
    table = PdfTable(tmp_path / "x.pdf", says)
    table.add([order(125_000, "EUR")])
    table.finish()

    text = pdf_text(tmp_path / "x.pdf")

    for part in (
        "Bestellungen",
        "Zeilen: 1",
        "Zeiten: Europe/Berlin",
        "Betrag",
        "bezahlt",
        "1.250,00",
        "Seite 1 von 1",
    ):
        assert part in text
    assert "Erstellt am 01.07.2026 14:00 (Europe/Berlin)" in text


def test_columns_that_a_page_has_no_room_for_are_left_out(tmp_path: Path) -> None:
    """They are in the other formats."""
    table = PdfTable(tmp_path / "x.pdf", document(1, format=Format.PDF))
    table.add([attendee(phone="+4930901820")])
    table.finish()

    text = pdf_text(tmp_path / "x.pdf")

    assert "ada@example.com" in text
    assert "+4930901820" not in text


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    """An empty table would leave people guessing."""
    table = PdfTable(tmp_path / "x.pdf", document(0, format=Format.PDF))
    table.finish()

    assert "There is nothing to show for this filter." in pdf_text(tmp_path / "x.pdf")
