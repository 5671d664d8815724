"""Printing tickets, without a database."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.domain.codes import ticket_code
from services.ticketing.domain.events import Event
from services.ticketing.domain.links import Links
from services.ticketing.domain.orders import Customer, Item, Order, OrderStatus
from services.ticketing.domain.tickets import read_token, ticket_ids
from services.ticketing.errors import GenerationOverdueError
from services.ticketing.handlers.tickets import Draft, Plan, Press, make_tickets
from shared.clock import now
from shared.crypto import Vault
from shared.errors import TransientError
from shared.signed_links import SignedLinks

MOMENT = datetime(2026, 5, 1, 20, 0, tzinfo=UTC)
SIGNATURES = EventSignatures(Vault("a secret of the tests"))


def no_effect(_key: str) -> None:
    """A storage that always works."""


@dataclass
class Shelf:
    """A storage in memory; `before` may raise or wait."""

    before: Callable[[str], None] = no_effect
    kept: dict[str, bytes] = field(default_factory=dict)
    asked: int = 0

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.asked += 1
        self.before(key)
        assert content_type == "image/png"
        self.kept[key] = data


def press(shelf: Shelf) -> Press:
    return Press(
        SIGNATURES,
        lambda text: f"picture of {text}".encode(),
        shelf,
        Links(SignedLinks("https://x.example", b"key")),
        now,
    )


def plan(quantity: int) -> Plan:
    event_id, organisation_id = UUID(int=1), UUID(int=2)
    item = Item(id=UUID(int=5), ticket_type_id=UUID(int=6), ticket_type="Standing", quantity=quantity, unit_price=100)
    order = Order(
        id=UUID("01890000-0000-7000-8000-000000000001"),
        organisation_id=organisation_id,
        event_id=event_id,
        number="K7M2QX",
        status=OrderStatus.PAID,
        amount=100 * quantity,
        currency="eur",
        customer=Customer(name="Ada", email="ada@example.com"),
        items=(item,),
        created_at=MOMENT,
    )
    event = Event(
        id=event_id,
        organisation_id=organisation_id,
        name="Spring Ball",
        venue=None,
        currency="eur",
        starts_at=MOMENT,
        ends_at=None,
    )
    drafts = tuple(Draft(ticket, item, ticket_code(ticket)) for item, ticket in ticket_ids(order))
    return Plan(order, event, SIGNATURES.new_key(event_id), drafts)


def test_every_ticket_has_its_picture_under_its_key() -> None:
    """The picture holds the ticket's own token."""
    shelf, planned = Shelf(), plan(150)
    made = make_tickets(press(shelf), planned)
    assert shelf.kept == {ticket.qr_key: f"picture of {ticket.token}".encode() for ticket in made}
    assert [read_token(ticket.token).ticket_id for ticket in made] == [draft.id for draft in planned.drafts]


def test_making_tickets_again_gives_the_same() -> None:
    """Same tokens, same pictures, same keys."""
    first, second, planned = Shelf(), Shelf(), plan(20)
    assert make_tickets(press(first), planned) == make_tickets(press(second), planned)
    assert first.kept == second.kept


def test_a_storage_that_fails_ends_the_call_early() -> None:
    """Its own error comes out, and the remaining thousands are not tried."""

    def refuse(_key: str) -> None:
        raise TransientError("the disk is full")

    shelf = Shelf(refuse)
    with pytest.raises(TransientError, match="disk is full"):
        make_tickets(press(shelf), plan(2_000))
    assert shelf.asked < 200


def test_a_storage_that_hangs_ends_the_call_at_its_deadline() -> None:
    """A foreseen error, tried again later; the lease outlasts it."""
    released = threading.Event()

    def hang(_key: str) -> None:
        released.wait(20)

    try:
        with pytest.raises(GenerationOverdueError) as overdue:
            make_tickets(press(Shelf(hang)), plan(3), seconds=0.1)
    finally:
        released.set()
    assert isinstance(overdue.value, TransientError)
