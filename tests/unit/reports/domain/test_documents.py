"""What stands above the rows."""

from datetime import UTC, datetime

from services.reports.domain.exports import Filter, Kind, Language
from tests.unit.reports.exported import document

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def test_a_document_says_what_its_rows_are() -> None:
    """How many, of when, which, and in whose time."""
    chosen = Filter(since=MAY, until=JUNE, status=("checked_in",))

    found = document(12, filter=chosen, language=Language.DE, time_zone="Europe/Berlin")

    assert found.title == "Teilnehmende"
    assert found.lines == [
        "Zeilen: 12",
        "Zeitraum: 01.05.2026 02:00 bis 01.06.2026 02:00",
        "Status: eingelassen",
        "Zeiten: Europe/Berlin",
    ]


def test_a_period_may_be_open() -> None:
    """On either side."""
    found = document(1, kind=Kind.PAYMENTS, filter=Filter(since=MAY))

    assert found.lines[1] == "Period: 2026-05-01 00:00 to …"
    assert list(found.headings)[:3] == ["Received", "Provider", "Reference"]
