"""Which free times are offered."""

from datetime import UTC, datetime, timedelta

from services.appointments.domain.free_times import BELIEVED, believed, next_free, window, without_held, written

NOW = datetime(2026, 8, 3, 9, tzinfo=UTC)
WISHED = datetime(2026, 8, 4, 8, tzinfo=UTC)


def at(*hours: float) -> list[datetime]:
    return [WISHED + timedelta(hours=hour) for hour in hours]


def test_the_next_ones_after_the_wished_time_come_first() -> None:
    """In order, whatever order they came in; the wished time itself is taken."""
    assert next_free(at(3, -1, 0, 1, 2, 5), WISHED, 3) == at(1, 2, 3)


def test_where_too_few_follow_the_last_ones_before_are_added() -> None:
    """Earliest first."""
    assert next_free(at(-3, -2, -1, 1), WISHED, 3) == at(-2, -1, 1)
    assert next_free(at(-3, -2), WISHED, 1) == at(-2)
    assert next_free([], WISHED, 3) == []


def test_times_are_looked_for_around_the_wished_one_and_never_in_the_past() -> None:
    """Two weeks ahead."""
    assert window(WISHED, NOW) == (NOW, WISHED + timedelta(days=14))
    assert window(NOW - timedelta(days=9), NOW) == (NOW, NOW + timedelta(days=14))


def test_what_was_seen_is_believed_for_a_moment() -> None:
    """Of the same length, around the same time, and only what is still to come."""
    kept = written(at(-30, 1, 2), 30, *window(WISHED, NOW), NOW)

    assert believed(kept, 30, WISHED, NOW + BELIEVED) == at(1, 2)
    assert believed(kept, 30, WISHED, NOW + BELIEVED + timedelta(seconds=1)) == []
    assert believed(kept, 60, WISHED, NOW) == []
    assert believed(kept, 30, WISHED + timedelta(days=60), NOW) == []
    assert believed(None, 30, WISHED, NOW) == []


def test_what_is_held_here_is_not_free_any_more() -> None:
    """Also where it only overlaps; what touches does not."""
    held = [(WISHED + timedelta(minutes=60), WISHED + timedelta(minutes=90))]
    assert without_held(at(0.5, 0.75, 1, 1.5), 30, held) == at(0.5, 1.5)
