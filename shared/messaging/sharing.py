"""Small jobs that wait behind each other share a commit.

A commit costs PostgreSQL, and the worker that waits for it, more than a small job does. So a thread that takes up a
message takes along what waits behind it, and runs all of it in one transaction, each with its own claim of the inbox
(see together). Whatever goes wrong with one of them undoes the transaction, and then each is run alone, as if nothing
had been: who failed, who was interrupted and who is busy elsewhere is only ever decided there.

Only jobs share that have proved to be quick, and one that is slow all the same is soon interrupted, to be run alone.
"""

from collections.abc import Callable, Iterable
from queue import Empty
from time import monotonic
from typing import Any

from shared.messaging.actor import ActorDeclaration
from shared.messaging.work_queue import WorkQueue

LARGEST = 8
"""How many messages share a commit at most: beyond it, little of the commit's cost is left to share."""

QUICK_SECONDS = 0.01
"""How long a job may take, on average, for others to wait behind it."""

QUICK_TIME_LIMIT = 60.0
HELD_FOR_A_THREAD = 3
"""A process holds so many messages for each thread of a queue whose actors all may share and have this time limit at
most: with one for each, two processes on two cores ended 2,400 jobs a second, with three 3,300.
"""

APART_TIMES = 100.0
"""The jobs of a kind run alone after a transaction of theirs came to nothing, for so many times as long as that took:
a handler that fails at once costs next to nothing, one that had to be interrupted is not met soon again.
"""

_WEIGHT = 0.1


class Sharing:
    """Who may share a commit in this process. `queue` is where its messages wait for a thread."""

    def __init__(self, queue: WorkQueue | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._queue, self._clock = WorkQueue() if queue is None else queue, clock
        self._seconds: dict[str, float] = {}
        self._apart: dict[str, float] = {}

    def gather(self, declaration: ActorDeclaration, message: Any) -> list[Any]:
        """What waits behind this message and may share its commit: items of the work queue, taken from it."""
        others: list[Any] = []
        if not (may_share(declaration, message) and self.is_quick(declaration.kind)):
            return others
        while len(others) + 1 < LARGEST:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item.message.actor_name != declaration.kind or not may_share(declaration, item.message):
                self._queue.put(item)
                break
            others.append(item)
        return others

    def give_back(self, items: Iterable[Any]) -> None:
        """What was not ended is for others, each by itself."""
        for item in items:
            item.message.shares_no_more = True
            self._queue.put(item)

    def learn(self, kind: str, seconds: float) -> None:
        """A job of this kind took so long, its commit aside."""
        known = self._seconds.get(kind, seconds)
        self._seconds[kind] = known + (seconds - known) * _WEIGHT

    def fell_apart(self, kind: str, seconds: float) -> None:
        """A transaction of several came to nothing after so long: for a while each of this kind runs alone."""
        self._apart[kind] = self._clock() + seconds * APART_TIMES

    def is_quick(self, kind: str) -> bool:
        """Whether jobs of this kind may wait behind each other now."""
        return self._seconds.get(kind, QUICK_SECONDS) < QUICK_SECONDS and self._apart.get(kind, 0.0) < self._clock()


def prefetches(declarations: Iterable[ActorDeclaration], threads: int) -> dict[str, int]:
    """How many messages of each queue a process may hold: one for each of its threads, so that none waits in a process
    that is busy while another is idle; more where quick jobs share commits, or there would be too few to share.
    """
    times: dict[str, int] = {}
    for one in declarations:
        quick = _shares(one) and one.policy.time_limit <= QUICK_TIME_LIMIT
        times[one.queue] = min(times.get(one.queue, HELD_FOR_A_THREAD), HELD_FOR_A_THREAD if quick else 1)
    return {queue: factor * threads for queue, factor in times.items()}


def may_share(declaration: ActorDeclaration, message: Any) -> bool:
    """Nothing with a provider, whose steps commit; nothing that a middleware or a unique key must let in; nothing that
    was redelivered, which may be poison.
    """
    if not _shares(declaration) or "unique" in message.options:
        return False
    return not (getattr(message, "redelivered", False) or getattr(message, "shares_no_more", False))


def _shares(declaration: ActorDeclaration) -> bool:
    policy = declaration.policy
    return policy.shares_commit and not (declaration.calls_provider or policy.middleware)
