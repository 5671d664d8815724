"""The lanes from the outbox to RabbitMQ: claim, publish with many confirms in flight, delete what is confirmed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from time import monotonic

import structlog

from services.relay import repository
from services.relay.repository import Connection, OutboxRow
from services.relay.returned import end_returned
from services.relay.routes import Routes
from shared.messaging.faults import HoldingPoints
from shared.messaging.memory import MemoryPublisher
from shared.messaging.publisher import Publisher, Receipt
from shared.metrics import Metrics

CONFIRM_SECONDS = 10.0
STALL_SECONDS = 2.0
"""Once something was confirmed and then nothing for this long, what is missing hangs on its own queue."""

log = structlog.get_logger("bellhop.relay")


class Lane:
    """One way for rows to RabbitMQ, on one database connection. `name` is its channel."""

    def __init__(
        self, name: str, publisher: Publisher | MemoryPublisher, routes: Routes, metrics: Metrics, points: HoldingPoints
    ) -> None:
        self.name, self.publisher, self.routes, self.metrics, self.points = name, publisher, routes, metrics, points

    def carry_fresh(self, connection: Connection, limit: int) -> int:
        """One batch of rows that were never refused. Returns how many rows left the outbox or changed lanes."""
        with connection.transaction():
            rows = repository.claim_fresh(connection, limit)
            in_doubt = self.routes.in_doubt
            if in_doubt:
                aside = [row for row in rows if self._destination(row) in in_doubt]
                repository.set_aside(connection, [row.id for row in aside])
                rows = [row for row in rows if self._destination(row) not in in_doubt]
            if not rows:
                return 0
            receipt = self._publish(rows, self.name)
            receipt.wait(CONFIRM_SECONDS, STALL_SECONDS)
            self._settle(connection, rows, receipt, self.name)
        return len(rows)

    def carry_refused(self, connection: Connection, limit: int) -> int:
        """One batch of rows that were refused before: each destination on a channel of its own, all at once."""
        with connection.transaction():
            by_destination: dict[str, list[OutboxRow]] = defaultdict(list)
            for row in repository.claim_refused(connection, limit):
                by_destination[self._destination(row)].append(row)
            sent = [
                (rows, self._publish(rows, f"{self.name}:{destination}"), f"{self.name}:{destination}")
                for destination, rows in by_destination.items()
            ]
            end = monotonic() + CONFIRM_SECONDS
            for rows, receipt, lane in sent:
                receipt.wait(max(0.0, end - monotonic()))
                self._settle(connection, rows, receipt, lane)
        return sum(len(rows) for rows in by_destination.values())

    def _publish(self, rows: Sequence[OutboxRow], lane: str) -> Receipt:
        return self.publisher.publish([self.routes.publication(row) for row in rows], lane)

    def _destination(self, row: OutboxRow) -> str:
        """What can fail to confirm by itself: a queue, or one kind of event with all the queues that hear it."""
        publication = self.routes.publication(row)
        return f"{publication.exchange}/{publication.routing_key}" if publication.exchange else publication.routing_key

    def _settle(self, connection: Connection, rows: Sequence[OutboxRow], receipt: Receipt, lane: str) -> None:
        """Delete what is confirmed, whatever became of its neighbours; put off what is not; end what nobody takes."""
        confirmed = set(receipt.confirmed)
        self.points.reach("after_publish")
        returned = [rows[index] for index in sorted(confirmed & receipt.returned)]
        done = [rows[index] for index in confirmed - receipt.returned]
        missing = [row for index, row in enumerate(rows) if index not in confirmed]
        for row in returned:
            (done if self._end_or_keep(connection, row) else missing).append(row)
        repository.delete(connection, [row.id for row in done])
        for destination, count in Counter(self._destination(row) for row in done).items():
            self.metrics.published.labels(destination).inc(count)
        self.routes.trust({self._destination(row) for row in done} - {self._destination(row) for row in missing})
        if missing:
            self._put_off(connection, missing, receipt, lane)

    def _put_off(self, connection: Connection, missing: Sequence[OutboxRow], receipt: Receipt, lane: str) -> None:
        if receipt.lost and not receipt.barred and not receipt.confirmed:
            # The connection broke: nothing is said about any destination. The rows stay as they are.
            return
        destinations = sorted({self._destination(row) for row in missing})
        log.warning("not confirmed, put off", rows=len(missing), destinations=destinations)
        repository.refuse(connection, [row.id for row in missing])
        if receipt.barred or not receipt.lost:
            self.routes.doubt(destinations)
            self.publisher.close_lane(lane)

    def _end_or_keep(self, connection: Connection, row: OutboxRow) -> bool:
        """A message that no queue took. True if its row is done with."""
        if row.is_event and row.queue is None:
            if not self.routes.is_heard(row.kind):
                return True
            log.error("an event came back though it is heard: its bindings are gone", kind=row.kind)
            self.routes.bindings_lost.set()
            return False
        end_returned(connection, row, self.routes)
        return True
