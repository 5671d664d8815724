"""Where an organisation wants to be told things."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address. `event_types` is None for all types; `disabled_reason` says who disabled it."""

    id: UUID
    organisation_id: UUID
    url: str
    event_types: list[str] | None
    enabled: bool
    disabled_reason: str | None
    created_at: datetime
    max_concurrency: int | None = None
    max_per_second: int | None = None
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What an endpoint takes where it says nothing else: so many calls at a time, so many a second. After
    `pause_after` failures in a row nothing is sent to it any more, but one delivery now and then, as a probe.
    """

    max_concurrency: int = 4
    max_per_second: int = 200
    pause_after: int = 5


@dataclass(frozen=True, slots=True)
class Place:
    """How an endpoint stands: what it takes, how often in a row it has failed, whether it is paused."""

    endpoint_id: UUID
    organisation_id: UUID
    max_concurrency: int | None
    max_per_second: int | None
    failures: int
    paused: bool

    def concurrency(self, limits: Limits) -> int:
        """Calls at a time. One that fails holds one thread, not all that it may have."""
        return 1 if self.failures else self.max_concurrency or limits.max_concurrency

    def per_second(self, limits: Limits) -> int:
        return self.max_per_second or limits.max_per_second


PROBE_SECONDS = (30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
"""Seconds before each look at a paused endpoint; the last one repeats."""


def until_probe(number: int) -> float:
    """Seconds before the `number`-th probe, from 1."""
    return PROBE_SECONDS[min(max(number, 1), len(PROBE_SECONDS)) - 1]
