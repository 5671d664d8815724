"""Where a row goes: which queue takes a command, and which destinations do not answer at present."""

import threading
from collections.abc import Iterable, Mapping

from services.relay.repository import OutboxRow
from services.relay.shares import Pool
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.receipts import Publication
from shared.messaging.topology import Subscription


class Routes:
    """The consumers as `migrate` wrote them, and the destinations in doubt. Shared by the relay's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, str] = {}
        self._heard: frozenset[str] = frozenset()
        self.queues: frozenset[str] = frozenset()
        self._in_doubt: set[str] = set()
        self.subscriptions: tuple[Subscription, ...] = ()
        self.targets: frozenset[str] = frozenset()
        """All that is known: queues, and the kinds of events that are heard."""
        self.pools: Mapping[str, Pool] = {}
        """Who works on each queue, as the workers say."""
        self.bindings_lost = threading.Event()

    def learn(self, subscriptions: Iterable[Subscription]) -> None:
        """Take the consumers as they are declared now."""
        known = tuple(subscriptions)
        with self._lock:
            self.subscriptions = known
            self._queues = {one.kind: one.queue for one in known if not one.is_event}
            self._heard = frozenset(one.kind for one in known if one.is_event)
            self.queues = frozenset(one.queue for one in known)
            self.targets = self.queues | self._heard

    def target_of(self, destination: str) -> str:
        """The queue that takes what waits for a destination; the destination itself where it is an event, or nobody knows."""
        return self._queues.get(destination, destination)

    def is_held_back(self, target: str) -> bool:
        """Whether what goes there waits in PostgreSQL: it is a queue. Events are not held back: one listener that is down
        must not keep the others waiting.
        """
        return target in self.queues

    def service_of(self, queue: str) -> str:
        """Whose queue it is."""
        return queue.partition(".")[0]

    def publication(self, row: OutboxRow) -> Publication:
        """The row as a message. A command that no queue takes goes to a queue of its own name, which is not there: it
        comes back as returned.
        """
        if row.queue is not None:
            return Publication("", row.queue, row.body)
        if row.is_event:
            return Publication(EVENTS_EXCHANGE, row.kind, row.body)
        return Publication("", self._queues.get(row.kind, row.kind), row.body)

    def is_heard(self, kind: str) -> bool:
        """True if somebody listens to this event."""
        return kind in self._heard

    def is_known(self, queue: str) -> bool:
        """True if somebody who is deployed consumes this queue, whether RabbitMQ has it or not."""
        return any(one.queue == queue for one in self.subscriptions)

    def consumer(self, queue: str | None, kind: str) -> Subscription | None:
        """The consumer of a kind on a queue; of a command, wherever it is heard."""
        for one in self.subscriptions:
            if one.kind == kind and (queue is None or one.queue == queue):
                return one
        return None

    def doubt(self, destinations: Iterable[str]) -> None:
        """These did not confirm: they get a lane of their own until they do."""
        with self._lock:
            self._in_doubt.update(destinations)

    def trust(self, destinations: Iterable[str]) -> None:
        """These confirmed again."""
        with self._lock:
            self._in_doubt.difference_update(destinations)

    @property
    def in_doubt(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._in_doubt)
