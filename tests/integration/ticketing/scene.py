"""What the tests of ticketing do over and over: put tickets on sale, order, pay, issue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.ticketing import actors
from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.adapters.qr import qr_png
from services.ticketing.domain.events import Event, TicketType
from services.ticketing.domain.links import Links
from services.ticketing.domain.orders import Customer, Order
from services.ticketing.domain.tickets import Ticket
from services.ticketing.handlers import events, orders
from services.ticketing.handlers.tickets import Press
from services.ticketing.repository import Orders, Tickets
from shared.clock import now
from shared.contracts.message import Contract
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import ExpireOrders, GenerateTickets
from shared.crypto import Vault
from shared.database.session import UnitOfWork
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.testing import Inline, run_inline, subscribe
from shared.signed_links import SignedLinks, link_key
from shared.storage import open_storage
from tests.support.databases import SECRET_KEY, Database

HOLD = timedelta(minutes=15)
OVER = timedelta(seconds=-1)
"""A hold that is over when it begins."""
CUSTOMER = Customer(name="Ada Lovelace", email="ada@example.com", phone="+4930901820")


@dataclass
class Scene:
    """One organisation on one database, with a folder as storage."""

    database: Database
    folder: Path
    organisation_id: UUID = field(default_factory=new_id)

    @property
    def work(self) -> UnitOfWork:
        return self.database.work("ticketing")

    @property
    def signatures(self) -> EventSignatures:
        return EventSignatures(Vault(SECRET_KEY))

    @property
    def press(self) -> Press:
        links = Links(SignedLinks("https://tickets.example", link_key(SECRET_KEY, "ticketing")))
        return Press(self.signatures, qr_png, open_storage(self.folder.as_uri()), links, now)

    def elsewhere(self) -> "Scene":
        """Another organisation on the same database."""
        return Scene(self.database, self.folder)

    def event(self, currency: str = "eur") -> Event:
        with self.work() as session:
            return events.create_event(
                session,
                self.signatures,
                self.organisation_id,
                name="Spring Ball",
                venue="Town Hall",
                currency=currency,
                starts_at=datetime(2030, 5, 1, 18, 0, tzinfo=UTC),
                ends_at=None,
            )

    def ticket_type(
        self, event: Event, quantity: int, price: int = 2_000, name: str = "Standing", max_per_order: int | None = None
    ) -> TicketType:
        with self.work() as session:
            return events.add_ticket_type(
                session,
                self.organisation_id,
                event.id,
                name=name,
                price=price,
                quantity=quantity,
                max_per_order=max_per_order,
            )

    def order(self, event: Event, wanted: Mapping[UUID, int], hold: timedelta = HOLD) -> Order:
        with self.work() as session:
            return orders.place_order(session, self.organisation_id, event.id, wanted, CUSTOMER, hold)

    def sweep(self) -> None:
        run_inline(actors.expire_orders, ExpireOrders(), self.work, self.press)

    def payment(self, order: Order, **changes: Any) -> PaymentSucceeded:
        """The message that says that an order's exact amount came in, but for the changes."""
        fields: dict[str, Any] = {
            "payment_id": new_id(),
            "provider": "stripe",
            "provider_reference": "pi_1",
            "order_id": str(order.id),
            "amount": order.amount,
            "currency": order.currency,
            "succeeded_at": now(),
        }
        return PaymentSucceeded(**fields | changes)

    def pay(self, message: PaymentSucceeded) -> None:
        run_inline(actors.receive_payment, message, self.work, self.press)

    def generate(self, order_id: UUID) -> None:
        """Print a small order at once; a large one's batch waits in the outbox then."""
        with self.work() as session:
            subscribe(session, declarations_in(actors))
        run_inline(actors.generate_tickets, GenerateTickets(order_id=order_id), self.work, self.press)

    def inline(self, *, twice: bool = False, press: Press | None = None) -> Inline:
        """Runs all that ticketing hears."""
        return Inline(self.database.engine, declarations_in(actors), {"ticketing": press or self.press}, twice=twice)

    def issued(self, quantity: int = 1, event: Event | None = None) -> list[Ticket]:
        """Tickets of a new free order of a new type."""
        event = event or self.event()
        order = self.order(event, {self.ticket_type(event, quantity, price=0).id: quantity})
        self.generate(order.id)
        return self.tickets(order)

    def tickets(self, order: Order) -> list[Ticket]:
        with self.work() as session:
            return Tickets(session).of_order(self.organisation_id, order.id)

    def stored(self, order: Order) -> Order:
        """The order as it is now."""
        with self.work() as session:
            return Orders(session).get(order.id, self.organisation_id)

    def reserved(self, kind: TicketType) -> int:
        found = self.database.value("SELECT reserved FROM ticketing.ticket_types WHERE id = %s", kind.id)
        assert isinstance(found, int)
        return found

    def published(self, contract: type[Contract]) -> list[dict[str, Any]]:
        """The fields of every message of this kind that was published, in order."""
        query = "SELECT body FROM messaging.outbox WHERE kind = %s ORDER BY id"
        return [orjson.loads(body)["kwargs"] for (body,) in self.database.query(query, contract.kind)]
