"""Time limits: after `disarm` returns no interrupt comes any more, whatever was on its way."""

from collections.abc import Iterator
from threading import get_ident
from time import monotonic

import pytest

from shared.messaging.time_limits import Interrupt, StoppedError, TimeLimitExceeded, TimeLimits


@pytest.fixture
def limits() -> Iterator[TimeLimits]:
    """Time limits that look every millisecond."""
    limits = TimeLimits(interval=1)
    limits.manager.start()
    yield limits
    limits.manager.stop()
    limits.manager.join(5)


def spin(seconds: float) -> None:
    end = monotonic() + seconds
    while monotonic() < end:
        pass


def test_job_that_ends_in_time_is_left_alone(limits: TimeLimits) -> None:
    """Nothing is raised, then or later."""
    limits.arm(10)
    limits.disarm()

    spin(0.02)

    assert limits.manager._deadlines == {}


def test_job_over_its_limit_is_interrupted(limits: TimeLimits) -> None:
    """Where it stands; who catches that settles, and no second one follows."""
    limits.arm(0.01)
    with pytest.raises(TimeLimitExceeded):
        spin(5)
    limits.settle()

    spin(0.02)

    assert limits.manager._raised == {}


def test_interrupt_on_its_way_comes_at_the_disarming_or_before(limits: TimeLimits) -> None:
    """Never after: 400 jobs end right at their limit, and the line behind the disarming is not struck once."""
    struck_behind = 0
    for number in range(400):
        try:
            limits.arm(0.002)
            spin(0.0015 + (number % 20) * 0.00005)
            limits.disarm()
        except Interrupt:
            limits.settle()
            continue
        try:
            spin(0.0005)
        except Interrupt:
            struck_behind += 1

    assert struck_behind == 0


def test_stop_interrupts_who_is_armed() -> None:
    """Without a thread that looks at limits: the stop raises by itself."""
    limits = TimeLimits()
    limits.arm(60)

    with pytest.raises(StoppedError):
        assert limits.stop_thread(get_ident())
        spin(1)
    limits.settle()

    assert not limits.stop_thread(get_ident())


def test_dramatiq_s_own_hooks_do_nothing(limits: TimeLimits) -> None:
    """The stock middleware would arm around the whole callable, the commit included."""
    broker, message = object(), object()
    limits.before_process_message(broker, message)  # type: ignore[arg-type] # it looks at neither
    limits.after_process_message(broker, message)  # type: ignore[arg-type] # it looks at neither
    limits.after_skip_message(broker, message)  # type: ignore[arg-type] # it looks at neither

    assert limits.manager._deadlines == {}
