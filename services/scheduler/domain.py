"""Which ticks are published when somebody looks: all that are due, less what the schedule says of missed ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

ON_TIME = timedelta(seconds=60)
"""A tick that is published within this is late, not missed: a restart or a short outage must not skip it."""

Missed = Literal["skip", "run_once", "run_all"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to publish, and which tick to note as seen though nothing is published for it."""

    publish: Sequence[datetime] = ()
    seen: datetime | None = None
    left_out: int = field(default=0)


def choose(due: Sequence[datetime], now: datetime, missed: Missed) -> Decision:
    """`due` holds the ticks since the last one that was published, the oldest first.

    skip: only those that are on time. run_once: the same, or, if there are none, the last one for all of them.
    run_all: each.
    """
    if not due:
        return Decision()
    on_time = [tick for tick in due if now - tick <= ON_TIME]
    if missed == "run_all":
        return Decision(due)
    if on_time:
        return Decision(on_time, left_out=len(due) - len(on_time))
    if missed == "run_once":
        return Decision(due[-1:], left_out=len(due) - 1)
    return Decision(seen=due[-1], left_out=len(due))
