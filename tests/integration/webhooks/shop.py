"""An organisation with endpoints, and a worker's runner over the real database, without a broker."""

from dataclasses import dataclass, field
from time import time
from typing import Any
from uuid import UUID

import orjson

from services.webhooks import actors
from services.webhooks.handlers import announcements, endpoints
from services.webhooks.handlers.deliveries import Dependencies
from shared.clock import now
from shared.contracts.ticketing import OrderPaid
from shared.crypto import Vault
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.delivery import Delivery
from shared.messaging.gate import Gate
from shared.messaging.runner import Runner
from shared.messaging.time_limits import TimeLimits
from shared.metrics import Metrics
from tests.support.databases import SECRET_KEY, Database

DECLARED = {one.kind: one for one in declarations_in(actors)}


@dataclass
class Shop:
    """One organisation. What it publishes lies in the outbox."""

    database: Database
    organisation_id: UUID = field(default_factory=new_id)
    vault: Vault = field(default_factory=lambda: Vault(SECRET_KEY))

    def subscribe(self, url: str, *event_types: str) -> tuple[UUID, str]:
        """An endpoint's id and secret. Its URL is not checked, as when its name led elsewhere on that day."""
        with self.database.work("webhooks")() as session:
            created = endpoints.create(
                session, self.vault, self.organisation_id, url=url, event_types=list(event_types) or None
            )
            return created.endpoint.id, created.secret

    def pay_an_order(self, order_id: UUID | None = None) -> UUID:
        """Announce it, as the actor does."""
        event = order_paid(self.organisation_id, order_id or new_id())
        with self.database.work("webhooks")() as session:
            announcements.order_paid(session, event)
        return event.order_id

    def delivery(self) -> UUID:
        """The id of the only delivery there is."""
        (row,) = self.database.query("SELECT id FROM webhooks.deliveries")
        return UUID(str(row[0]))

    def state(self) -> tuple[str, str | None]:
        """State and reason of the only delivery there is."""
        (row,) = self.database.query("SELECT state, reason FROM webhooks.deliveries")
        return str(row[0]), row[1]

    def attempts(self) -> list[tuple[Any, ...]]:
        """Number, by hand, status, error of all attempts."""
        return self.database.query("SELECT number, by_hand, status, error FROM webhooks.attempts ORDER BY made_at")


def order_paid(organisation_id: UUID, order_id: UUID) -> OrderPaid:
    return OrderPaid(
        order_id=order_id,
        number="BH-1001",
        organisation_id=organisation_id,
        event_id=new_id(),
        amount=4598,
        currency="eur",
        payment_id=new_id(),
        paid_at=now(),
    )


@dataclass
class Worker:
    """Runs what is in the outbox and what was scheduled, as the worker's threads do."""

    database: Database
    dependencies: Dependencies

    def __post_init__(self) -> None:
        engine = self.database.engine("webhooks")
        self.runner = Runner(
            "webhooks", engine, self.dependencies, Gate(lambda: None), TimeLimits(), Metrics("webhooks")
        )

    def run_outbox(self) -> int:
        """Take what was published, and run it. Returns how many there were."""
        return self._run(self.database.query("DELETE FROM messaging.outbox RETURNING body"))

    def run_scheduled(self) -> int:
        """Take what is due some time, now."""
        return self._run(self.database.query("DELETE FROM messaging.scheduled RETURNING body"))

    def _run(self, rows: list[tuple[Any, ...]]) -> int:
        for (body,) in rows:
            message = orjson.loads(body)
            declaration = DECLARED[message["actor_name"]]
            delivery = Delivery(
                service="webhooks",
                queue=declaration.queue,
                kind=message["actor_name"],
                message_id=UUID(message["message_id"]),
                turn=message["options"]["turn"],
                fields=message["kwargs"],
                options=message["options"],
                redelivered=False,
                published_at=time() * 1000,
            )
            self.runner.run(declaration, delivery)
        return len(rows)
