"""When a failed message is tried again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

_RANDOM = random.Random()
"""Of our own: threads leave the state of the program's alone."""


class Backoff(Protocol):
    """How long to wait after the attempt with this number (1 is the first) before the next, in seconds."""

    def delay(self, attempt: int) -> float: ...


@dataclass(frozen=True, slots=True)
class Delays:
    """A list of delays in seconds: the first after the first attempt. The last one repeats."""

    seconds: Sequence[float]
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not self.seconds or not all(0 <= delay < inf for delay in self.seconds) or not 0 <= self.jitter < 1:
            raise ValueError("a list of delays needs at least one, none of them negative, and 0 <= jitter < 1")

    def delay(self, attempt: int) -> float:
        return _spread(self.seconds[min(attempt, len(self.seconds)) - 1], self.jitter)


@dataclass(frozen=True, slots=True)
class Exponential:
    """`base` seconds, doubling with each attempt up to `cap`, spread by `jitter` (0.2 is plus or minus 20 %)."""

    base: float = 5.0
    cap: float = 600.0
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.base <= self.cap or not 0 <= self.jitter < 1:
            raise ValueError("exponential backoff needs 0 < base <= cap and 0 <= jitter < 1")

    def delay(self, attempt: int) -> float:
        return _spread(min(self.cap, self.base * 2 ** min(attempt - 1, 32)), self.jitter)


@dataclass(frozen=True, slots=True)
class Linear:
    """`step` seconds times the number of the attempt, up to `cap`, spread by `jitter`."""

    step: float = 60.0
    cap: float = 3600.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.step <= self.cap or not 0 <= self.jitter < 1:
            raise ValueError("linear backoff needs 0 < step <= cap and 0 <= jitter < 1")

    def delay(self, attempt: int) -> float:
        return _spread(min(self.cap, self.step * attempt), self.jitter)


def _spread(seconds: float, jitter: float) -> float:
    return seconds * _RANDOM.uniform(1 - jitter, 1 + jitter)
