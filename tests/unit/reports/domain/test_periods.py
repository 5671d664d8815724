"""Days and weeks of an organisation's clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.domain.periods import Period, last_days, week_of, week_to_report

ZONES = ("Etc/GMT+12", "America/Los_Angeles", "UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati")


def test_a_period_has_all_its_days_and_as_many_before() -> None:
    """Both ends are in it."""
    period = Period(date(2026, 2, 27), date(2026, 3, 1))
    assert period.days == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    assert period.before == Period(date(2026, 2, 24), date(2026, 2, 26))


@pytest.mark.parametrize(("zone", "hour"), [("Europe/Berlin", 5), ("America/Los_Angeles", 14), ("Asia/Kolkata", 0)])
def test_the_week_before_is_reported_at_six_on_monday(zone: str, hour: int) -> None:
    """On the organisation's clock, wherever the tick was."""
    monday, due = week_to_report(datetime(2026, 11, 23, 5, 0, tzinfo=UTC), ZoneInfo(zone))
    assert monday == date(2026, 11, 16)
    assert due == datetime(2026, 11, 23, hour, 30 * (zone == "Asia/Kolkata"), tzinfo=UTC)


@given(weeks=st.integers(0, 3_000), own=st.sampled_from(ZONES), installation=st.sampled_from(ZONES))
def test_every_week_is_reported_once_wherever_organisation_and_installation_are(
    weeks: int, own: str, installation: str
) -> None:
    """Also where their Mondays are a day apart, and over every change of the clocks."""
    ticked = date(2026, 1, 5) + timedelta(weeks=weeks)
    tick = datetime(ticked.year, ticked.month, ticked.day, 6, tzinfo=ZoneInfo(installation))
    monday, due = week_to_report(tick.astimezone(UTC), ZoneInfo(own))
    assert monday == ticked - timedelta(days=7)
    assert (due.date(), due.hour) == (ticked, 6)
    assert monday.weekday() == 0


def test_a_tick_that_was_missed_is_made_up_for_in_the_week() -> None:
    """On Thursday, it is the same week as on Monday."""
    zone = ZoneInfo("Europe/Berlin")
    assert week_to_report(datetime(2026, 11, 26, 5, 0, tzinfo=UTC), zone)[0] == date(2026, 11, 16)


def test_the_last_days_end_today_on_that_clock() -> None:
    """Half past eleven in the evening UTC is tomorrow in Berlin."""
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert last_days(late, ZoneInfo("Europe/Berlin"), 7) == Period(date(2026, 11, 17), date(2026, 11, 23))
    assert week_of(date(2026, 11, 16)).last == date(2026, 11, 22)
