"""When a company is open."""

from datetime import date, datetime, time, timedelta

import pytest

from services.appointments.domain.opening_hours import OpeningHours, OtherDays, Span

MORNING, AFTERNOON, NIGHT = Span(time(9), time(12)), Span(time(14), time(18)), Span(time(20), time(2))
HOURS = OpeningHours(
    weekly={1: (MORNING, AFTERNOON), 4: (NIGHT,)},
    exceptions=(
        OtherDays(date(2026, 8, 1), date(2026, 8, 31)),
        OtherDays(date(2026, 8, 11), date(2026, 8, 11), (MORNING,)),
    ),
)


@pytest.mark.parametrize(
    ("begins", "minutes", "is_open"),
    [
        ("2026-07-28T09:00", 30, True),
        ("2026-07-28T11:30", 30, True),
        ("2026-07-28T11:45", 30, False),
        ("2026-07-28T11:30", 180, False),
        ("2026-07-28T08:59", 30, False),
        ("2026-07-29T10:00", 30, False),
        ("2026-07-31T23:30", 60, True),
        ("2026-08-01T01:00", 60, True),
        ("2026-08-01T01:30", 60, False),
        ("2026-08-04T10:00", 30, False),
        ("2026-08-11T10:00", 30, True),
        ("2026-08-11T15:00", 30, False),
    ],
)
def test_an_appointment_fits_whole_into_one_span(begins: str, minutes: int, is_open: bool) -> None:
    """Of its weekday, or of the last exception for its day; a span may go on after midnight."""
    start = datetime.fromisoformat(begins)
    assert HOURS.hold(start, start + timedelta(minutes=minutes)) is is_open


def test_the_first_day_there_is_has_no_day_before() -> None:
    """No error at the edge of the calendar."""
    first = datetime.combine(date.min, time.min)
    assert not OpeningHours().hold(first, first + timedelta(minutes=1))
