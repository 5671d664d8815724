"""What the use cases need from outside, put together once in each process."""

from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock, now


class Facts(Protocol):
    """What the settings say (settings.ReportsSettings is one)."""

    @property
    def rebuild_step_events(self) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Made in `__main__`, and in the tests with fakes."""

    facts: Facts
    clock: Clock = now
