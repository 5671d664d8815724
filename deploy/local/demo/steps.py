"""What every act of the demonstration is told with: steps that are checked, and conditions that are waited for."""

import time
from collections.abc import Callable
from typing import TypeVar

from deploy.local.demo.client import StepFailedError

ValueT = TypeVar("ValueT")


class Telling:
    """Tells steps with the seconds since its beginning. `say` takes each line."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self.say = say
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """A step that was checked."""
        self.say(f"  ✓ {time.monotonic() - self._began:5.2f} s  {text}")

    def until(self, condition: Callable[[], ValueT | None], what: str, seconds: float = 30) -> ValueT:
        """The first true value of the condition. Raises StepFailedError after the deadline."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise StepFailedError(f"waited {seconds:.0f} s for {what}")


def expect(holds: bool, what: str) -> None:
    """Raise StepFailedError unless it holds."""
    if not holds:
        raise StepFailedError(f"expected {what}")
