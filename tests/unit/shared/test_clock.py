"""The wall clock."""

from datetime import UTC, datetime

from shared.clock import Clock, now


def test_now_is_aware_and_in_utc() -> None:
    """The clock tells the present moment, in UTC."""
    clock: Clock = now
    before, told, after = datetime.now(UTC), clock(), datetime.now(UTC)
    assert (before <= told <= after, told.tzinfo) == (True, UTC)
