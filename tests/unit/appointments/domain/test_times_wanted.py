"""From what was said to one instant, or to why there is none."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.domain.moments import Said
from services.appointments.domain.opening_hours import OpeningHours, Span
from services.appointments.domain.problems import Problem, Trouble
from services.appointments.domain.times_wanted import Frame, decide

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 7, 30, 8, 40, tzinfo=UTC)
TEN_OR_TEN = (time(10), time(22))
DAILY = OpeningHours({day: (Span(time(9), time(18)),) for day in range(7)})


def frame(**changes: Any) -> Frame:
    values: dict[str, Any] = {
        "now": NOW,
        "zone": BERLIN,
        "company_zone": BERLIN,
        "length": timedelta(minutes=30),
        "farthest": timedelta(days=180),
        "opening_hours": DAILY,
    }
    return Frame(**{**values, **changes})


def problem(said: Said, **changes: Any) -> Problem:
    decided = decide(said, frame(**changes))
    assert isinstance(decided, Trouble)
    return decided.problem


def test_one_day_and_an_hour_are_one_instant() -> None:
    """The half of the day in which the company is open."""
    said = Said(dates=(date(2026, 8, 4),), times=TEN_OR_TEN)
    assert decide(said, frame()) == datetime(2026, 8, 4, 8, tzinfo=UTC)
    assert decide(said, frame(opening_hours=None)) == datetime(2026, 8, 4, 8, tzinfo=UTC)


def test_a_reading_in_the_past_is_not_meant() -> None:
    """What was said at 10:40 on a Thursday, Thursday at ten, is next week's."""
    said = Said(dates=(date(2026, 7, 30), date(2026, 8, 6)), times=(time(10),))
    assert decide(said, frame()) == datetime(2026, 8, 6, 8, tzinfo=UTC)


def test_a_reading_on_a_day_that_is_closed_is_not_meant() -> None:
    """Of two Fridays, the one that is open."""
    hours = OpeningHours({4: (Span(time(9), time(18)),), 5: ()})
    said = Said(dates=(date(2026, 8, 7), date(2026, 8, 8)), times=(time(10),))
    assert decide(said, frame(opening_hours=hours)) == datetime(2026, 8, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "changes", "expected"),
    [
        (Said(dates=(date(2026, 8, 4),)), {}, Problem.NO_TIME),
        (Said(times=TEN_OR_TEN), {}, Problem.NO_TIME),
        (Said(), {}, Problem.NO_TIME),
        (Said(instant=NOW), {}, Problem.TIME_IN_PAST),
        (Said(instant=NOW + timedelta(days=200)), {"opening_hours": None}, Problem.TIME_TOO_FAR),
        (Said(dates=(date(2026, 8, 4),), times=(time(17, 45),)), {}, Problem.OUTSIDE_OPENING_HOURS),
        (Said(dates=(date(2026, 8, 4), date(2026, 8, 11)), times=TEN_OR_TEN), {}, Problem.TIME_AMBIGUOUS),
        (Said(dates=(date(2026, 10, 25),), times=(time(2, 30),)), {"opening_hours": None}, Problem.TIME_AMBIGUOUS),
        (Said(dates=(date(2027, 3, 28),), times=(time(2, 30),)), {}, Problem.TIME_DOES_NOT_EXIST),
    ],
)
def test_what_is_not_one_instant_has_a_name(said: Said, changes: dict[str, Any], expected: Problem) -> None:
    """People are asked."""
    assert problem(said, **changes) is expected


def test_the_hours_are_the_company_s_wherever_the_caller_is() -> None:
    """Ten in New York is sixteen in Berlin, which is open."""
    said = Said(dates=(date(2026, 8, 4),), times=(time(10),))
    decided = decide(said, frame(zone=ZoneInfo("America/New_York")))
    assert decided == datetime(2026, 8, 4, 14, tzinfo=UTC)


@given(
    dates=st.lists(st.dates(date(2026, 1, 1), date(2028, 1, 1)), max_size=2, unique=True),
    times=st.lists(st.times(), max_size=2, unique=True),
    has_hours=st.booleans(),
)
def test_whatever_is_decided_fits(dates: list[date], times: list[time], has_hours: bool) -> None:
    """An instant is in the future, not too far, shows what was said, and lies within the hours."""
    limits = frame(opening_hours=DAILY if has_hours else None)
    decided = decide(Said(dates=tuple(dates), times=tuple(times)), limits)
    if isinstance(decided, Trouble):
        assert decided.detail
        return
    local = decided.astimezone(BERLIN).replace(tzinfo=None)
    assert NOW < decided <= NOW + limits.farthest
    assert (local.date() in dates, local.time() in times) == (True, True)
    assert not has_hours or DAILY.hold(local, local + limits.length)
