"""The ways from the outbox to RabbitMQ: publish with many confirms in flight, write down what became of each row."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import structlog

from services.relay import repository
from services.relay.published import Moves
from services.relay.repository import Connection, OutboxRow
from services.relay.returned import end_returned
from services.relay.routes import Routes
from shared.messaging.faults import HoldingPoints
from shared.messaging.memory import MemoryPublisher
from shared.messaging.publisher import Publisher
from shared.messaging.receipts import Receipt, wait_for_all
from shared.metrics import Metrics

CONFIRM_SECONDS = 10.0
STALL_SECONDS = 2.0
"""Once something was confirmed and then nothing for this long, what is missing hangs on its own queue."""

log = structlog.get_logger("bellhop.relay")


@dataclass(slots=True)
class Sent:
    """Rows of one destination that are on their way, on a channel of its own, and what becomes of them."""

    lane: str
    destination: str
    rows: list[OutboxRow]
    receipt: Receipt
    since: float

    @property
    def went_well(self) -> bool:
        """Whether RabbitMQ has taken all of it, and had a queue for all of it."""
        return len(self.receipt.confirmed) == len(self.rows) and not self.receipt.returned


class Lane:
    """One way for rows to RabbitMQ. `name` is its channels'."""

    def __init__(
        self,
        name: str,
        publisher: Publisher | MemoryPublisher,
        routes: Routes,
        metrics: Metrics,
        points: HoldingPoints,
        moves: Moves,
    ) -> None:
        self.name, self.publisher, self.routes, self.metrics, self.points = name, publisher, routes, metrics, points
        self.moves = moves

    def publish_fresh(self, connection: Connection, rows: Sequence[OutboxRow]) -> list[Sent]:
        """Publish rows that were never refused; those of destinations in doubt are set aside."""
        in_doubt = self.routes.in_doubt
        if in_doubt:
            aside = [row for row in rows if self._destination(row) in in_doubt]
            repository.set_aside(connection, [row.id for row in aside])
            rows = [row for row in rows if self._destination(row) not in in_doubt]
        return self._publish(rows)

    def settle_what_went_well(self, connection: Connection, every: Sequence[Sent]) -> None:
        """Write down batches that went well, all by one statement: what else waits for the database waits behind it."""
        rows = [row for sent in every for row in sent.rows]
        self.points.reach("after_publish")
        self.moves.move(connection, rows)
        self._count(rows)
        self.routes.trust({self._destination(row) for row in rows})

    def settle_fresh(self, connection: Connection, sent: Sent) -> list[OutboxRow]:
        """Write down what became of rows that were sent. Returns those that are not confirmed: they are set aside, unless
        the connection broke, and stay then.
        """
        with connection.transaction():
            _, missing = self._settle(connection, sent.rows, sent.receipt)
            if missing and self._casts_doubt(sent.receipt, missing):
                repository.set_aside(connection, [row.id for row in missing])
                self.publisher.close_lane(sent.lane)
        return missing

    def carry_refused(self, connection: Connection, limit: int) -> tuple[int, list[int]]:
        """One batch of rows that were refused before. Returns how many they were, and the ids of those that waited beside
        them and are fresh again.
        """
        freed: list[int] = []
        if not self.moves.may_publish(connection):
            return 0, freed
        with connection.transaction():
            rows = repository.claim_refused(connection, limit)
            every = self._publish(rows)
            wait_for_all([sent.receipt for sent in every], CONFIRM_SECONDS, STALL_SECONDS)
            for sent in every:
                done, missing = self._settle(connection, sent.rows, sent.receipt)
                if not missing:
                    freed += repository.set_free(connection, done)
                elif self._casts_doubt(sent.receipt, missing):
                    repository.refuse(connection, [row.id for row in missing])
                    self.publisher.close_lane(sent.lane)
        return len(rows), freed

    def _publish(self, rows: Sequence[OutboxRow]) -> list[Sent]:
        """Publish all at once, each destination on a channel of its own.

        A queue without a leader holds up everything that follows on its channel, its confirms as well: RabbitMQ waits
        there until the queue knows its publisher.
        """
        by_destination: dict[str, list[OutboxRow]] = defaultdict(list)
        for row in rows:
            by_destination[self._destination(row)].append(row)
        sent = []
        for destination, its_rows in by_destination.items():
            lane = f"{self.name}:{destination}"
            publications = [self.routes.publication(row) for row in its_rows]
            receipt = self.publisher.publish(publications, lane)
            sent.append(Sent(lane, destination, its_rows, receipt, monotonic()))
        return sent

    def _destination(self, row: OutboxRow) -> str:
        """What can fail to confirm by itself: a queue, or one kind of event with all the queues that hear it."""
        publication = self.routes.publication(row)
        return f"{publication.exchange}/{publication.routing_key}" if publication.exchange else publication.routing_key

    def _settle(
        self, connection: Connection, rows: Sequence[OutboxRow], receipt: Receipt
    ) -> tuple[list[OutboxRow], list[OutboxRow]]:
        """Delete what is confirmed, whatever became of its neighbours; end what nobody takes. Returns what is done with,
        and what is not confirmed.
        """
        confirmed = set(receipt.confirmed)
        self.points.reach("after_publish")
        returned = [rows[index] for index in sorted(confirmed & receipt.returned)]
        done = [rows[index] for index in confirmed - receipt.returned]
        missing = [row for index, row in enumerate(rows) if index not in confirmed]
        for row in returned:
            (done if self._end_or_keep(connection, row) else missing).append(row)
        self.moves.move(connection, done)
        self._count(done)
        self.routes.trust({self._destination(row) for row in done} - {self._destination(row) for row in missing})
        return done, missing

    def _count(self, done: Sequence[OutboxRow]) -> None:
        for destination, count in Counter(self._destination(row) for row in done).items():
            self.metrics.published.labels(destination).inc(count)

    def _casts_doubt(self, receipt: Receipt, missing: Sequence[OutboxRow]) -> bool:
        """Doubt the destinations of what is not confirmed. False if the connection broke: that says nothing about any."""
        if receipt.lost and not receipt.barred:
            return False
        destinations = sorted({self._destination(row) for row in missing})
        log.warning("not confirmed, put off", rows=len(missing), destinations=destinations)
        self.routes.doubt(destinations)
        return True

    def _end_or_keep(self, connection: Connection, row: OutboxRow) -> bool:
        """A message that no queue took. True if its row is done with."""
        if row.is_event and row.queue is None:
            if not self.routes.is_heard(row.kind):
                return True
            log.error("an event came back though it is heard: its bindings are gone", kind=row.kind)
            self.routes.bindings_lost.set()
            return False
        if self.routes.is_known(queue := self.routes.publication(row).routing_key):
            log.error("a queue is gone, what is for it waits: run `bellhop repair`", queue=queue, kind=row.kind)
            return False
        end_returned(connection, row, self.routes)
        return True
