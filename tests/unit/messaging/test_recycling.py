"""When a worker process has done enough."""

import pytest

from shared.messaging.recycling import JITTER, Limits, Recycling, resident_megabytes


class Clock:
    """The monotonic clock, as the test sets it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def recycling(limits: Limits, *, clock: Clock | None = None, memory: float = 100.0, drawn: float = 0.0) -> Recycling:
    return Recycling(limits, clock=clock or Clock(), memory=lambda: memory, draw=lambda: drawn)


def test_without_limits_it_is_never_enough() -> None:
    one = recycling(Limits(), clock=(clock := Clock()))
    clock.seconds += 1e9
    for _ in range(1_000):
        one.count("done")

    assert one.reason() is None


def test_last_job_is_told_once_and_at_once() -> None:
    """From the thread that did it; deliveries that were no job done do not count."""
    one, told = recycling(Limits(max_jobs=3)), list[int]()
    one.enough = lambda: told.append(one.jobs)
    for outcome in ("done", "quiet", "failed", "released", "parked"):
        one.count(outcome)
    before = (one.reason(), list(told))
    for outcome in ("retry", "done"):
        one.count(outcome)

    assert (before, told, one.reason()) == ((None, []), [3], "4 jobs are done")


def test_time_counts_from_the_beginning_of_the_work() -> None:
    """Not from when the process was put together."""
    one = recycling(Limits(max_seconds=60), clock=(clock := Clock()))
    clock.seconds += 100
    one.begin()
    clock.seconds += 59.9
    before = one.reason()
    clock.seconds += 0.1

    assert (before, one.reason()) == (None, "60 s are over")


def test_process_that_has_grown_is_enough() -> None:
    taken = 100.0
    one = Recycling(Limits(max_memory=300), memory=lambda: taken)
    one.begin()
    before = one.reason()
    taken = 301.0

    assert (before, one.reason()) == (None, "301 MB are taken")


def test_limit_below_what_a_process_takes_at_its_start_is_refused() -> None:
    """It would be started again for ever."""
    with pytest.raises(ValueError, match=r"takes 100 MB before its first job.*200 leaves it room"):
        recycling(Limits(max_memory=80)).begin()


def test_each_process_draws_its_own_limits() -> None:
    """Upwards, so that none does less than was asked for; a single job stays one."""
    drawn = [recycling(Limits(100, 1_000, 500), drawn=draw).limits for draw in (0.0, 0.999)]

    assert drawn[0] == Limits(100, 1_000, 500)
    assert (drawn[1].max_jobs, drawn[1].max_memory) == (109, 500)
    assert drawn[1].max_seconds == pytest.approx(1_000 * (1 + JITTER * 0.999))
    assert recycling(Limits(max_jobs=1), drawn=0.999).limits == Limits(max_jobs=1)


def test_memory_is_what_the_system_says() -> None:
    """This process takes some megabytes, and not a terabyte."""
    assert 10 < resident_megabytes() < 1_000_000
