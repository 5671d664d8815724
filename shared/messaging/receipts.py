"""What is published in a batch, and what becomes of each message of it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True, slots=True)
class Publication:
    """One message on its way: to the default exchange (`""`) with a queue's name, or to an exchange with a key."""

    exchange: str
    routing_key: str
    body: bytes


@dataclass
class Receipt:
    """What became of a batch. Indexes are positions in the batch; one that is in no set has no answer yet.

    `lost`: no answer comes any more. `barred`: RabbitMQ closed the channel over it, for instance because an exchange is
    not there, so sending the same batch again would end the same way.
    """

    publications: Sequence[Publication]
    confirmed: set[int] = field(default_factory=set)
    returned: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    lost: bool = False
    barred: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _told: Callable[[], None] | None = None

    @property
    def complete(self) -> bool:
        return self.lost or self.answered >= len(self.publications)

    @property
    def answered(self) -> int:
        return len(self.confirmed) + len(self.refused)

    def wait(self, seconds: float) -> bool:
        """Wait until every message has its answer, at most this long. Returns whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: self.complete, seconds)

    def tell(self, told: Callable[[], None]) -> None:
        """Have this called once every message has its answer, or no further answer comes."""
        with self._changed:
            self._told = told
            if self.complete:
                told()

    def answer(self, kind: str, indexes: Sequence[int]) -> None:
        """Called by the publisher's thread."""
        with self._changed:
            getattr(self, kind).update(indexes)
            if self.complete:
                self._end()

    def lose(self, *, barred: bool = False) -> None:
        """The channel or connection is gone: no further answer comes."""
        with self._changed:
            self.lost, self.barred = True, self.barred or barred
            self._end()

    def _end(self) -> None:
        self._changed.notify_all()
        if self._told is not None:
            self._told()


def wait_for_all(receipts: Sequence[Receipt], total: float, stall: float | None = None) -> None:
    """Wait until every message of these batches has its answer, at most `total` seconds.

    With `stall`, give up earlier once something was confirmed and then nothing for that long: then the broker works,
    and what is missing hangs on its own queue.
    """
    end = monotonic() + total
    seen, since = 0, monotonic()
    for receipt in receipts:
        while not receipt.wait(min(0.25, max(0.0, end - monotonic()))):
            answered = sum(one.answered for one in receipts)
            if answered != seen:
                seen, since = answered, monotonic()
            if monotonic() >= end or (stall is not None and seen and monotonic() - since > stall):
                return
