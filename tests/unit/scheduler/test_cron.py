"""When a schedule is due, also on the two odd days of the year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.cron import MAX_TICKS, Cron, CronAlarm

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC))
AUTUMN = (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC))


def local_times(cron: str, span: tuple[datetime, datetime]) -> list[str]:
    """The ticks in Berlin between two moments, as hour, minute and offset."""
    return [tick.astimezone(BERLIN).strftime("%H:%M%z") for tick in Cron(cron, BERLIN).between(*span)]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["03:30+0200"]),
        ("0 3 * * *", ["03:00+0200"]),
        ("15 2,3 * * *", ["03:15+0200"]),
        ("0 * * * *", ["00:00+0100", "01:00+0100", "03:00+0200", "04:00+0200", "05:00+0200", "06:00+0200"]),
    ],
)
def test_hour_that_is_left_out_in_spring(cron: str, expected: list[str]) -> None:
    """A daily job inside the gap runs once, later; an hourly one goes on."""
    assert local_times(cron, SPRING) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 2 * * *", ["02:30+0200"]),
        ("0 3 * * *", ["03:00+0100"]),
        ("15 2,3 * * *", ["02:15+0200", "03:15+0100"]),
        ("30 * * * *", ["00:30+0200", "01:30+0200", "02:30+0200", "02:30+0100", "03:30+0100", "04:30+0100"]),
        ("30 */2 * * *", ["00:30+0200", "02:30+0200", "02:30+0100", "04:30+0100"]),
    ],
)
def test_hour_that_comes_twice_in_autumn(cron: str, expected: list[str]) -> None:
    """A daily job runs once, the first time; an hourly one runs in both hours."""
    assert local_times(cron, AUTUMN) == expected


@pytest.mark.parametrize(("field", "day"), [("0", 6), ("7", 6), ("sun", 6), ("1", 0), ("MON", 0), ("5", 4), ("6", 5)])
def test_weekdays_are_those_of_cron(field: str, day: int) -> None:
    """0 and 7 are Sunday, as everywhere but in APScheduler. (`day` counts from Monday, as Python does.)"""
    tick = Cron(f"0 0 * * {field}", ZoneInfo("UTC")).after(datetime(2026, 1, 1, tzinfo=UTC))
    assert tick is not None
    assert tick.weekday() == day


@pytest.mark.parametrize(
    ("field", "days"),
    [("1-5", {0, 1, 2, 3, 4}), ("fri-mon", {4, 5, 6, 0}), ("*/2", {6, 1, 3, 5}), ("1,3-4", {0, 2, 3})],
)
def test_spans_of_weekdays(field: str, days: set[int]) -> None:
    """Ranges, also over the end of the week, steps and lists."""
    ticks = Cron(f"0 0 * * {field}", ZoneInfo("UTC")).between(
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    )
    assert {tick.weekday() for tick in ticks} == days


@pytest.mark.parametrize("cron", ["* * * *", "* * * * * *", "61 * * * *", "* * * * 8", "* * * * x", "0 0 1 * 1", ""])
def test_expression_that_is_not_understood(cron: str) -> None:
    """It is refused when the scheduler starts, not silently never due."""
    with pytest.raises(ValueError, match=r"."):
        Cron(cron, BERLIN)


def test_ticks_are_bounded_and_the_latest_are_kept() -> None:
    """A year of minutes is cut to the last thousand."""
    end = datetime(2026, 1, 1, tzinfo=UTC)
    ticks = Cron("* * * * *", BERLIN).between(end - timedelta(days=365), end)
    assert (len(ticks), ticks[-1]) == (MAX_TICKS, end)


def test_ticks_begin_behind_the_start_and_include_the_end() -> None:
    """The last tick that was published is not published again."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ticks = Cron("0 * * * *", ZoneInfo("UTC")).between(start, start + timedelta(hours=2))
    assert ticks == [start + timedelta(hours=1), start + timedelta(hours=2)]


def test_day_that_never_comes_has_no_tick() -> None:
    """The 31st of February."""
    assert Cron("0 0 31 2 *", BERLIN).after(datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_alarm_looks_ahead_of_now() -> None:
    """After a late wake-up APScheduler is not sent back in time."""
    now = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
    alarm = CronAlarm(Cron("* * * * *", BERLIN))
    assert alarm.get_next_fire_time(now - timedelta(hours=5), now) == datetime(2026, 1, 1, 12, 1, tzinfo=UTC)
