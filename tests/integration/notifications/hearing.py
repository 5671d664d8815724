"""The notifications service with its real runner and database, fed by hand instead of by RabbitMQ."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from services.notifications import actors
from services.notifications.handlers.dependencies import Dependencies
from shared.contracts.message import Contract
from shared.contracts.notifications import NotificationEnded
from shared.contracts.ticketing import RedrawPictures
from shared.messaging.actor import ActorDeclaration, declarations_in
from shared.messaging.delivery import Delivery
from shared.messaging.failed_jobs import retry_failed
from shared.messaging.gate import Gate
from shared.messaging.outbox import publish
from shared.messaging.runner import Runner
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from tests.support.databases import Database

DECLARED: Mapping[str, ActorDeclaration] = {declared.kind: declared for declared in declarations_in(actors)}


class Service:
    """What is published is delivered by `deliver`, in order; what is put off waits until `deliver_put_off`.

    `told` are the fields of what others hear: how mails and text messages have ended. `asked` are the fields of what
    ticketing is asked to do.
    """

    def __init__(self, database: Database, dependencies: Dependencies) -> None:
        self.database = database
        self.told: list[Mapping[str, Any]] = []
        self.asked: list[Mapping[str, Any]] = []
        self.runner = Runner(
            "notifications",
            database.engine("notifications"),
            dependencies,
            Gate(lambda: None),
            TimeLimits(),
            Metrics("notifications"),
        )

    def hear(self, message: Contract) -> None:
        """Publish a message, and deliver it and everything that follows at once."""
        with self.database.work("notifications")() as session:
            publish(session, message)
        self.deliver()

    def deliver(self) -> None:
        while rows := self.database.query("DELETE FROM messaging.outbox RETURNING id, body"):
            for _, body in sorted(rows):
                self.run(orjson.loads(body))

    def deliver_put_off(self) -> None:
        """Deliver what waits for a retry, as if its time had come."""
        for (body,) in self.database.query("DELETE FROM messaging.scheduled RETURNING body"):
            self.run(orjson.loads(body))
        self.deliver()

    def retry_failed(self) -> None:
        """Do as a person with `bellhop failed retry`, for all that is open."""
        for (failed_id,) in self.database.query("SELECT id FROM messaging.failed_job WHERE resolved_at IS NULL"):
            with self.database.work("notifications")() as session:
                retry_failed(session, failed_id)
        self.deliver()

    def run(self, message: Mapping[str, Any], *, redelivered: bool = False) -> None:
        """Deliver one message, as RabbitMQ would."""
        if message["actor_name"] == NotificationEnded.kind:
            self.told.append(message["kwargs"])
            return
        if message["actor_name"] == RedrawPictures.kind:
            self.asked.append(message["kwargs"])
            return
        declared = DECLARED[message["actor_name"]]
        delivery = Delivery(
            service="notifications",
            queue=declared.queue,
            kind=declared.kind,
            message_id=UUID(message["message_id"]),
            turn=message["options"].get("turn", 1),
            fields=message["kwargs"],
            options=message["options"],
            redelivered=redelivered,
            published_at=message["message_timestamp"],
        )
        self.runner.run(declared, delivery)

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        return self.database.query(f"SELECT {columns} FROM notifications.{table} ORDER BY 1")

    def value(self, table: str, column: str) -> Any:
        """The column of the table's only row."""
        ((found,),) = self.rows(table, column)
        return found

    def failed_jobs(self) -> list[tuple[Any, ...]]:
        """Kind, reason and error type of each job that finally failed."""
        return list(self.database.query("SELECT kind, reason, error_type FROM messaging.failed_job ORDER BY failed_at"))
