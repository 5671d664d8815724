"""Wait for a condition with a deadline: no test sleeps for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

ValueT = TypeVar("ValueT")


def wait_for(condition: Callable[[], ValueT], seconds: float = 20.0, what: str = "", every: float = 0.05) -> ValueT:
    """The first true value of `condition`. Fails with `what` (and the last value) after the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what or condition}; it is {value!r}")
        time.sleep(every)
