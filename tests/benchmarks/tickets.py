"""Tickets a second of one large order, from the commit that asks for them to the order being fulfilled."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.domain.orders import Customer
from services.ticketing.handlers.events import add_ticket_type, create_event
from services.ticketing.handlers.orders import place_order
from shared.crypto import Vault
from shared.database.roles import service_url
from shared.database.session import UnitOfWork, unit_of_work
from shared.ids import new_id
from shared.messaging.notifier import Notifier
from tests.benchmarks.figures import Figure, Result
from tests.benchmarks.servers import SECRET_KEY, Servers, module

PART = "tickets a second, one order"
TICKETS = 2_000


def measure(servers: Servers, rounds: int) -> Result:
    """Relay and ticketing worker run; each round is one order that costs nothing and so is paid at once."""
    notifier = Notifier(service_url(servers.postgres.url, SECRET_KEY, "ticketing"))
    notifier.start()
    engine = servers.engine("ticketing")
    relay, ticketing = module("services.relay"), module("services.ticketing")
    with servers.running(relay, service="relay"), servers.running(ticketing, service="ticketing"):
        work = unit_of_work(engine, notifier.poke)
        _order(servers, work, 1)
        rates = [TICKETS / _order(servers, work, TICKETS) for _ in range(rounds)]
    notifier.stop()
    engine.dispose()
    figure = Figure(PART, f"{TICKETS:,} tickets: rows, signatures, QR codes as PNG", "tickets/s", tuple(rates))
    return Result([figure], [])


def _order(servers: Servers, work: UnitOfWork, tickets: int) -> float:
    """Place an order and wait for its tickets. Seconds from commit to fulfilment."""
    organisation, wanted = new_id(), {}
    with work() as session:
        event = create_event(
            session,
            EventSignatures(Vault(SECRET_KEY)),
            organisation,
            name="A large evening",
            venue=None,
            currency="eur",
            starts_at=datetime.now(UTC) + timedelta(days=30),
            ends_at=None,
        )
        kind = add_ticket_type(
            session, organisation, event.id, name="Stalls", price=0, quantity=tickets, max_per_order=None
        )
        wanted[kind.id] = tickets
    with work() as session:
        buyer = Customer(name="A Group", email="group@example.org", phone=None)
        order = place_order(session, organisation, event.id, wanted, buyer, timedelta(minutes=15))
    begun = time.monotonic()
    _wait_until_fulfilled(servers, order.id)
    seconds = time.monotonic() - begun
    made = servers.query("SELECT count(*) FROM ticketing.tickets WHERE order_id = %s", order.id)[0][0]
    if made != tickets:
        raise RuntimeError(f"{made} tickets for an order of {tickets}")
    return seconds


def _wait_until_fulfilled(servers: Servers, order: UUID) -> None:
    end = time.monotonic() + 90
    while servers.query("SELECT status FROM ticketing.orders WHERE id = %s", order)[0][0] != "fulfilled":
        if time.monotonic() > end:
            raise RuntimeError("the order had no tickets after 90 s")
        time.sleep(0.02)
