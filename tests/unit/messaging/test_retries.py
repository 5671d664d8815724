"""When a failed message is tried again."""

import pytest

from shared.messaging.retries import Delays, Exponential


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 30), (4, 30), (100, 30)])
def test_list_of_delays_is_followed_and_its_last_repeats(attempt: int, seconds: float) -> None:
    """The first delay follows the first attempt."""
    assert Delays([5, 10, 30]).delay(attempt) == seconds


@pytest.mark.parametrize("seconds", [[], [1, -1]], ids=["empty", "negative"])
def test_list_that_cannot_work_is_refused(seconds: list[float]) -> None:
    """At the declaration, not in the night."""
    with pytest.raises(ValueError, match="at least one, none of them negative"):
        Delays(seconds)


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (10_000, 600)])
def test_exponential_doubles_up_to_its_cap(attempt: int, seconds: float) -> None:
    """Also where doubling would leave the range of numbers."""
    assert Exponential(base=5, cap=600, jitter=0).delay(attempt) == seconds


def test_jitter_spreads_around_the_delay() -> None:
    """Plus or minus a fifth: those that failed together do not come back together."""
    delays = {Exponential(base=100, cap=600, jitter=0.2).delay(1) for _ in range(200)}

    assert len(delays) > 100
    assert all(80 <= delay <= 120 for delay in delays)


def test_list_may_have_jitter_too() -> None:
    """It has none unless it is asked for."""
    delays = {Delays([100], jitter=0.5).delay(1) for _ in range(200)}

    assert min(delays) < 80
    assert max(delays) > 120


@pytest.mark.parametrize(
    ("base", "cap", "jitter"),
    [(0, 10, 0.2), (-1, 10, 0.2), (20, 10, 0.2), (5, 10, 1), (5, 10, -0.1)],
    ids=["base of nothing", "negative base", "cap below base", "jitter of all", "negative jitter"],
)
def test_exponential_that_cannot_work_is_refused(base: float, cap: float, jitter: float) -> None:
    """At the declaration."""
    with pytest.raises(ValueError, match="0 < base <= cap"):
        Exponential(base, cap, jitter)
