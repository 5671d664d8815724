"""A rebuild of the projection, as it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class RebuildState(StrEnum):
    """`failed`: a step of it finally failed. What is in the projection is not all then, and a new rebuild is due."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rebuild:
    """`applied` of `total` events of the log are in the projection, up to number `reached`; `until` is the last of all.

    Until `emptied_at` the projection is what it was, or part of it; what is told while it runs comes in beside it.
    """

    id: UUID
    state: RebuildState
    reached: int
    until: int
    applied: int
    total: int
    failure: str | None
    started_at: datetime
    emptied_at: datetime | None
    finished_at: datetime | None

    @property
    def percentage(self) -> int:
        """How much of it is done, rounded down: 100 only when all is."""
        if self.state is RebuildState.DONE:
            return 100
        return min(99, self.applied * 100 // self.total) if self.total else 0
