"""Where messages that were fetched wait for a thread: first in, first out, or one queue strictly before another."""

from collections import deque
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from threading import Condition, get_ident
from time import monotonic
from typing import Any

HELD_SECONDS = 5.0
"""A message that was fetched and waits for so long behind messages of earlier queues is given to other processes."""
SETTLE_SECONDS = 0.25
"""How long the next message of a queue may be on its way, once there is room for it."""


class WorkQueue:
    """First in, first out: all our actors have one priority, and Dramatiq's queue is a heap written in Python.

    Who takes waits without a time-out, and is woken by an item or by `close`: the time-out of a SimpleQueue can be missed
    on Python 3.11 and 3.12 (who gets its lock late, and finds the item gone, waits with a negative time, which is for
    ever), and an idle thread that wakes five times a second costs.
    """

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._tokens: SimpleQueue[None] = SimpleQueue()
        """One for each item, put after it: who has a token finds an item."""
        self._is_closed = False

    def put(self, item: Any) -> None:
        """Put an item behind all others."""
        self._items.append(item)
        self._tokens.put(None)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002 - as Dramatiq calls it
        """The first item, as soon as there is one. Raises queue.Empty once the queue is closed, and only then."""
        self._tokens.get()
        if self._is_closed:
            raise Empty
        return self._items.popleft()

    def get_nowait(self) -> Any:
        """The first item. Raises queue.Empty if there is none. What a closed queue holds can be had only so."""
        if not self._is_closed:
            self._tokens.get_nowait()
        try:
            return self._items.popleft()
        except IndexError:
            raise Empty from None

    def close(self, takers: int) -> None:
        """Give out nothing more: so many threads, who wait or will, are told that the queue is empty."""
        self._is_closed = True
        for _ in range(takers):
            self._tokens.put(None)

    def qsize(self) -> int:
        """How many items wait."""
        return len(self._items)

    def task_done(self) -> None:
        """Nobody joins this queue: the worker is stopped by its threads."""


class StrictWorkQueue(WorkQueue):
    """Messages of several queues in strict order: none of a later queue begins while one of an earlier queue waits.

    `prefetches` names the queues, the first first, and how many messages of each may be here at once. An earlier queue
    also waits where all of these are here, or were a moment ago: then RabbitMQ has more of them, or had, and the next
    one is on its way.

    One thread is kept for the first queue (where there is more than one): jobs cannot be taken back, and long ones of the
    later queues would otherwise hold all threads when something urgent comes.

    What was fetched from a later queue must not wait here while the earlier ones are busy, for another process may have a
    thread for it: after HELD_SECONDS `waits_in_vain` says so, and the consumer hands it back, fetching again when it
    `has_room`.
    """

    def __init__(self, prefetches: Mapping[str, int], threads: int, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._ranks = {queue: rank for rank, queue in enumerate(prefetches)}
        self._most = list(prefetches.values())
        self._lanes: list[deque[tuple[float, Any]]] = [deque() for _ in prefetches]
        self._held = [0 for _ in prefetches]
        """How many messages of each queue are here: those that wait and those that are worked on."""
        self._full_at = [float("-inf") for _ in prefetches]
        """When there were last as many as may be."""
        self._for_later = max(1, threads - 1)
        self._changed = Condition()
        self._idle = 0
        self._busy: dict[int, list[int]] = {}
        """The ranks of the messages that each thread works on."""
        self._looked: set[str] = set()
        self._clock = clock
        self._since = clock()

    def put(self, item: Any) -> None:
        rank = self._ranks[item.message.queue_name]
        with self._changed:
            if rank in self._busy.get(get_ident(), ()):
                # It was taken along by a thread that gives it back.
                self._busy[get_ident()].remove(rank)
            else:
                self._held[rank] += 1
            self._note_full(rank)
            self._lanes[rank].append((self._clock(), item))
            self._changed.notify()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ARG002 - as Dramatiq calls it
        with self._changed:
            for rank in self._busy.pop(get_ident(), ()):
                self._note_full(rank)
                self._held[rank] -= 1
            while not self._is_closed:
                found = self._next()
                if found is not None:
                    self._busy[get_ident()] = [found]
                    # The place that this thread had among the later queues may be another's now.
                    self._changed.notify()
                    return self._lanes[found].popleft()[1]
                self._idle += 1
                self._changed.wait(self._until_settled())
                self._idle -= 1
        raise Empty

    def get_nowait(self) -> Any:
        with self._changed:
            for rank, lane in enumerate(self._lanes):
                if lane:
                    if get_ident() in self._busy:
                        self._busy[get_ident()].append(rank)
                    return lane.popleft()[1]
        raise Empty

    def close(self, takers: int) -> None:  # noqa: ARG002 - all are woken
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def qsize(self) -> int:
        return sum(map(len, self._lanes))

    def _note_full(self, rank: int) -> None:
        if self._held[rank] >= self._most[rank]:
            self._full_at[rank] = self._clock()

    def _next(self) -> int | None:
        now = self._clock()
        for rank, lane in enumerate(self._lanes):
            if lane:
                return rank if self._has_place(rank) else None
            if now - self._full_at[rank] < SETTLE_SECONDS:
                return None
        return None

    def _until_settled(self) -> float | None:
        """How long a thread waits before it looks again; None where only a message, or a place, can change anything."""
        if not any(self._lanes):
            return None
        left = max(self._full_at) + SETTLE_SECONDS - self._clock()
        return left if left > 0 else None

    def _has_place(self, rank: int) -> bool:
        later = sum(any(ranks) for ranks in self._busy.values())
        return rank == 0 or later < self._for_later

    def may_begin(self, queue: str) -> bool:
        """Whether all earlier queues were looked at once: a process that starts does not begin with the last of them.

        A queue that cannot be looked at is not waited for longer than HELD_SECONDS.
        """
        if self._clock() - self._since >= HELD_SECONDS:
            return True
        rank = self._ranks[queue]
        return all(name in self._looked for name, other in self._ranks.items() if other < rank)

    def looked(self, queue: str) -> None:
        """This queue was looked at: what it had is here, or on its way."""
        self._looked.add(queue)

    def waits_in_vain(self, queue: str) -> bool:
        """Whether what was fetched from a later queue has waited so long that others should have it."""
        rank = self._ranks[queue]
        with self._changed:
            lane = self._lanes[rank]
            return rank > 0 and bool(lane) and self._clock() - lane[0][0] >= HELD_SECONDS

    def take_back(self, queue: str) -> list[Any]:
        """All items of a queue, taken from here to be handed back."""
        with self._changed:
            lane = self._lanes[self._ranks[queue]]
            items = [item for _, item in lane]
            lane.clear()
            self._held[self._ranks[queue]] -= len(items)
            return items

    def has_room(self, queue: str) -> bool:
        """Whether a thread would begin with a message of this queue at once."""
        with self._changed:
            return self._idle > sum(map(len, self._lanes)) and self._has_place(self._ranks[queue])
