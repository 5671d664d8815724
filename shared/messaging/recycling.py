"""When a worker process has done enough: after so many jobs, after a time, or when it has grown too large.

It then stops as SIGTERM stops it, with nothing lost and nothing counted, and whoever supervises it starts it again.
Long-lived processes gather memory, stale connections and stale code; a limit makes that bounded.
"""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

JITTER = 0.1
"""Each process draws its own limits, up to so much above what is asked for: not all restart at once."""

NO_JOBS = {"quiet", "released", "parked"}
"""Outcomes of deliveries that were no job done: known before, or handed back."""

_MEMORY = Path("/proc/self/statm")
_MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Limits:
    """Jobs, seconds, and megabytes of resident memory; None is no limit."""

    max_jobs: int | None = None
    max_seconds: float | None = None
    max_memory: float | None = None


class Recycling:
    """Counts jobs and says why the process should end, once it should. Jobs may be counted from several threads.

    `enough`, which may be set later, is called once, from the thread whose job was the last one, before it can take another.
    """

    def __init__(
        self,
        limits: Limits,
        enough: Callable[[], None] = lambda: None,
        *,
        clock: Callable[[], float] = monotonic,
        memory: Callable[[], float] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.limits = Limits(
            None if limits.max_jobs is None else limits.max_jobs + int(limits.max_jobs * JITTER * draw()),
            None if limits.max_seconds is None else limits.max_seconds * (1 + JITTER * draw()),
            limits.max_memory,
        )
        self.enough, self._clock, self._memory = enough, clock, memory or resident_megabytes
        self._started = clock()
        self._lock = threading.Lock()
        self.jobs = 0

    def begin(self) -> None:
        """The process is about to work: the time counts from here. Raises ValueError for a limit that it is over now."""
        self._started = self._clock()
        limit = self.limits.max_memory
        if limit is not None and (taken := self._memory()) >= limit:
            raise ValueError(
                f"--max-memory {limit:g}: this process takes {taken:.0f} MB before its first job, and would be started "
                f"again for ever; {2 * taken:.0f} leaves it room"
            )

    def count(self, outcome: str) -> None:
        """A delivery ended so."""
        if self.limits.max_jobs is None or outcome in NO_JOBS:
            return
        with self._lock:
            self.jobs += 1
            is_last = self.jobs == self.limits.max_jobs
        if is_last:
            self.enough()

    def reason(self) -> str | None:
        """Why the process should end now; None if it should not."""
        limits = self.limits
        if limits.max_jobs is not None and self.jobs >= limits.max_jobs:
            return f"{self.jobs} jobs are done"
        if limits.max_seconds is not None and self._clock() - self._started >= limits.max_seconds:
            return f"{limits.max_seconds:.0f} s are over"
        if limits.max_memory is not None and (taken := self._memory()) >= limits.max_memory:
            return f"{taken:.0f} MB are taken"
        return None


def resident_megabytes() -> float:
    """The memory that this process takes now, as the system sees it. Raises ValueError where that is not told."""
    try:
        pages = int(_MEMORY.read_text(encoding="ascii").split()[1])
    except OSError:
        raise ValueError(f"--max-memory needs {_MEMORY}, which only Linux has: use --max-jobs here") from None
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
