"""Wait for a condition with a deadline: no test sleeps for a fixed time, and none fails because the machine is busy."""

import time
from collections.abc import Callable
from typing import TypeVar

ValueT = TypeVar("ValueT")
BUSY = 6
"""How many times as long as they say a machine that does much else may take. Only a test that fails waits so long."""


def wait_for(condition: Callable[[], ValueT], seconds: float = 20.0, what: str = "", every: float = 0.05) -> ValueT:
    """The first true value of `condition`. Fails with `what` (and the last value) after the deadline.

    `seconds` is what it takes at the very most on a machine that does nothing else; a busy one is given BUSY times that.
    """
    end = time.monotonic() + seconds * BUSY
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds * BUSY} s for {what or condition}; it is {value!r}")
        time.sleep(every)
