"""The real relay and worker of a toy shop, as threads of the test's own process, on real servers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import pika

from services.relay.process import RelayProcess
from services.relay.settings import RelaySettings
from shared.contracts.message import Contract
from shared.ids import new_id
from shared.messaging.actor import ActorDeclaration
from shared.messaging.outbox import publish
from shared.messaging.worker import WorkerProcess
from shared.messaging.worker_options import WorkerOptions
from shared.settings import Settings
from tests.support.databases import Database
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

PERSISTENT = pika.BasicProperties(delivery_mode=2)


class Standing(NamedTuple):
    """What the inbox says about a message."""

    status: str
    turn: int
    attempts: int


class FailedJob(NamedTuple):
    """What a failed job says."""

    service: str
    kind: str
    queue: str | None
    reason: str
    error: str
    message_id: UUID | None
    id: UUID


@dataclass
class Shop:
    """`open` is the short way: declare the actors, start a relay and a worker for them."""

    database: Database
    vhost: VirtualHost
    _running: list[RelayProcess | WorkerProcess] = field(default_factory=list)

    def declare(self, *declarations: ActorDeclaration) -> None:
        """What `make migrate` does for messages."""
        self.vhost.set_up(self.database.url, declarations)

    def start_relay(self, **settings: Any) -> RelayProcess:
        relay = RelayProcess(self._settings("relay"), RelaySettings(**settings))
        relay.start()
        self._running.append(relay)
        return relay

    def start_worker(
        self,
        *declarations: ActorDeclaration,
        threads: int = 4,
        grace: float = 5.0,
        dependencies: object = None,
        queues: frozenset[str] = frozenset(),
    ) -> WorkerProcess:
        service = declarations[0].service
        options = WorkerOptions(queues, threads, grace)
        worker = WorkerProcess(service, declarations, self._settings(service), dependencies, options)
        worker.start()
        self._running.append(worker)
        return worker

    def open(self, *declarations: ActorDeclaration) -> WorkerProcess:
        """Declare, relay and work."""
        self.declare(*declarations)
        self.start_relay()
        return self.start_worker(*declarations)

    def stop(self, process: RelayProcess | WorkerProcess) -> None:
        self._running.remove(process)
        process.stop()

    def close(self) -> None:
        for process in reversed(self._running):
            process.stop()

    def _settings(self, service: str) -> Settings:
        return Settings(database_url=self.database.service_url(service), rabbitmq_url=self.vhost.url)

    def publish(self, message: Contract, **options: Any) -> UUID:
        """Publish in a transaction of its own."""
        with self.database.work("toyshop")() as session:
            return publish(session, message, **options)

    def put(self, queue: str, *bodies: bytes) -> None:
        """Put bodies straight into a queue, as a foreign sender would."""
        connection = self.vhost.connect()
        channel = connection.channel()
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish("", queue, body, PERSISTENT, mandatory=True)
        connection.close()

    def standing(self, message_id: UUID, service: str = "toyshop") -> Standing | None:
        rows = self.database.query(
            "SELECT status, turn, attempts FROM messaging.inbox WHERE message_id = %s AND service = %s",
            message_id,
            service,
        )
        return Standing(*rows[0]) if rows else None

    def wait_until_ended(self, message_id: UUID, status: str = "done") -> Standing:
        """Wait until a message has this final standing."""

        def ended() -> Standing | None:
            standing = self.standing(message_id)
            return standing if standing is not None and standing.status == status else None

        found = wait_for(ended, what=f"{message_id} to be {status}")
        assert found is not None
        return found

    def effects(self) -> Counter[tuple[int, str]]:
        """(number, what) of every row that a job wrote."""
        return Counter((row[0], row[1]) for row in self.database.query("SELECT number, what FROM toyshop.effect"))

    def failed_jobs(self) -> list[FailedJob]:
        columns = "service, kind, queue, reason, error, message_id, id"
        rows = self.database.query(f"SELECT {columns} FROM messaging.failed_job ORDER BY failed_at, id")
        return [FailedJob(*row) for row in rows]

    def wait_for_failed_jobs(self, count: int) -> list[FailedJob]:
        wait_for(lambda: len(self.failed_jobs()) >= count, what=f"{count} failed jobs")
        return self.failed_jobs()

    def pending(self) -> int:
        """Rows that wait in the outbox and the schedule."""
        return int(
            self.database.value(
                "SELECT (SELECT count(*) FROM messaging.outbox) + (SELECT count(*) FROM messaging.scheduled)"
            )
        )


def envelope(kind: str, **changes: Any) -> bytes:
    """A body of the right shape, with changes to its seven fields."""
    fields: dict[str, Any] = {
        "queue_name": "toyshop.default",
        "actor_name": kind,
        "args": [],
        "kwargs": {"number": 1},
        "options": {"turn": 1},
        "message_id": str(new_id()),
        "message_timestamp": 1,
    }
    return orjson.dumps({**fields, **changes})
