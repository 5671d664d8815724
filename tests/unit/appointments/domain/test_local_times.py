"""Local times that exist once, twice, or not at all."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.domain.local_times import instants_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "instants"),
    [
        ("2026-08-04T10:00", ["2026-08-04T08:00"]),
        ("2026-03-29T02:30", []),
        ("2026-03-29T01:59", ["2026-03-29T00:59"]),
        ("2026-03-29T03:00", ["2026-03-29T01:00"]),
        ("2026-10-25T02:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),
        ("2026-10-25T03:00", ["2026-10-25T02:00"]),
    ],
)
def test_gaps_have_no_instant_and_folds_have_two(local: str, instants: list[str]) -> None:
    """The clocks of Berlin are changed on 29 March and on 25 October 2026."""
    expected = tuple(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in instants)
    assert instants_of(datetime.fromisoformat(local), BERLIN) == expected


@pytest.mark.parametrize("local", [datetime.combine(date.min, time.min), datetime.combine(date.max, time.max)])
def test_the_ends_of_time_are_no_error(local: datetime) -> None:
    """They have an instant or none."""
    assert len(instants_of(local, BERLIN)) <= 1


@given(
    local=st.datetimes(datetime.fromisoformat("1980-01-01"), datetime.fromisoformat("2100-01-01")),
    zone=st.sampled_from(
        ["Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
    ),
)
def test_the_clocks_show_the_local_time_at_each_instant(local: datetime, zone: str) -> None:
    """In whatever zone."""
    shown = {one.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for one in instants_of(local, ZoneInfo(zone))}
    assert shown <= {local}
