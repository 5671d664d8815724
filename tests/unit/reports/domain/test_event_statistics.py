"""The statistics of one event as JSON has them."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.reports.domain.event_statistics import Counted, statistics

COUNTED = Counted(
    orders={"placed": 3, "paid": 2},
    tickets={"issued": 5, "checked_in": 2, "first_check_in_at": datetime(2026, 5, 1, 18, 30, tzinfo=UTC)},
    revenue=[{"currency": "eur", "amount": 4_900}],
    ticket_types=[{"ticket_type_id": UUID(int=7), "name": "Gallery", "sold": 2}],
    sales=[{"day": date(2026, 3, 2), "orders": 2, "amount": 4_900}],
    check_ins=[],
)


@pytest.mark.parametrize(("is_over", "no_shows"), [(False, None), (True, 3)])
def test_nobody_has_stayed_away_before_it_is_over(is_over: bool, no_shows: int | None) -> None:
    """An event that begins tomorrow has no no-shows."""
    assert statistics(COUNTED, is_over=is_over)["tickets"]["no_shows"] == no_shows


def test_more_check_ins_than_tickets_are_no_negative_no_shows() -> None:
    """A check-in may be heard of before the issue."""
    counted = Counted({}, {"issued": 1, "checked_in": 2}, [], [], [], [])
    assert statistics(counted, is_over=True)["tickets"]["no_shows"] == 0


def test_moments_days_and_ids_are_text() -> None:
    """Moments in UTC, as everywhere at the API."""
    shown = statistics(COUNTED, is_over=True)
    assert shown["tickets"]["first_check_in_at"] == "2026-05-01T18:30:00Z"
    assert shown["sales"][0]["day"] == "2026-03-02"
    assert shown["ticket_types"][0]["ticket_type_id"] == str(UUID(int=7))
