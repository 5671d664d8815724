"""A huge order is printed, with a worker killed in the middle, while others buy two tickets. Real processes and broker."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

import pytest

from services.ticketing.adapters.ed25519 import EventSignatures
from services.ticketing.domain.events import Event
from services.ticketing.domain.orders import Customer
from services.ticketing.handlers import events, orders
from services.ticketing.handlers.printing import PRINTED_AT_ONCE
from shared.contracts.ticketing import GenerateTickets, PrintTickets
from shared.crypto import Vault
from shared.discovery import actor_declarations
from shared.ids import new_id
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

HOLD = timedelta(minutes=15)
CUSTOMER = Customer(name="Ada Lovelace", email="ada@example.com")
THREADS = 4
SMALL_ORDERS = 5


@dataclass
class Venue:
    """One event with free tickets, and the processes that print them."""

    database: Database
    processes: Processes
    organisation_id: UUID = field(default_factory=new_id)
    event: Event = field(init=False)
    kind: UUID = field(init=False)

    def __post_init__(self) -> None:
        with self.database.work("ticketing")() as session:
            self.event = events.create_event(
                session,
                EventSignatures(Vault(SECRET_KEY)),
                self.organisation_id,
                name="Spring Ball",
                venue="Town Hall",
                currency="eur",
                starts_at=datetime(2030, 5, 1, 18, 0, tzinfo=UTC),
                ends_at=None,
            )
            self.kind = events.add_ticket_type(
                session,
                self.organisation_id,
                self.event.id,
                name="Standing",
                price=0,
                quantity=100_000,
                max_per_order=None,
            ).id

    def press(self) -> Process:
        """A process that prints."""
        url = self.database.service_url("ticketing")
        arguments = ("--queues", "ticketing.printing,ticketing.bulk", "--threads", str(THREADS))
        return self.processes.start("services.ticketing", *arguments, DATABASE_URL=url).wait_ready(60)

    def order(self, quantity: int) -> UUID:
        with self.database.work("ticketing")() as session:
            return orders.place_order(
                session, self.organisation_id, self.event.id, {self.kind: quantity}, CUSTOMER, HOLD
            ).id

    def status(self, order_id: UUID) -> str:
        return str(self.database.value("SELECT status FROM ticketing.orders WHERE id = %s", order_id))

    def printed(self, order_id: UUID) -> int:
        return int(self.database.value("SELECT count(*) FROM ticketing.tickets WHERE order_id = %s", order_id))

    def seconds_until_fulfilled(self) -> float:
        """Of an order of two tickets."""
        began = time.monotonic()
        order_id = self.order(2)
        wait_for(lambda: self.status(order_id) == "fulfilled", 60, "a small order", every=0.01)
        return time.monotonic() - began

    def told(self, order_id: UUID) -> int:
        """How often it was told that the order is fulfilled."""
        query = "SELECT count(*) FROM messaging.published WHERE kind = 'ticketing.order.fulfilled' AND body LIKE %s"
        return int(self.database.value(query, f"%{order_id}%".encode()))


@pytest.fixture
def venue(database: Database, rabbitmq: VirtualHost, tmp_path: Path) -> Iterator[Venue]:
    rabbitmq.set_up(database.url, actor_declarations("ticketing"))
    (tmp_path / "storage").mkdir()
    environment = {
        "RABBITMQ_URL": rabbitmq.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (tmp_path / "storage").as_uri(),
        "BELLHOP_SERVICES": "ticketing",
    }
    group = Processes(tmp_path, environment)
    try:
        group.start("services.relay", DATABASE_URL=database.service_url("relay"))
        queues = "ticketing.events,ticketing.critical,ticketing.default"
        group.start("services.ticketing", "--queues", queues, DATABASE_URL=database.service_url("ticketing"))
        yield Venue(database, group)
    finally:
        group.end()


@pytest.mark.parametrize(
    ("quantity", "seconds"),
    [
        pytest.param(2_500, 180, id="2500 tickets"),
        pytest.param(10_000, 900, id="10000 tickets", marks=[pytest.mark.long, pytest.mark.timeout(1_200)]),
    ],
)
def test_a_huge_order_is_printed_once_through_a_kill_while_others_buy(
    venue: Venue, quantity: int, seconds: float
) -> None:
    """Each ticket once, told of once; the kill repeats the parts that were under way and no other, at once; and an order of
    two tickets is fulfilled meanwhile within a second of alone, in the middle.
    """
    press = venue.press()
    alone = median(venue.seconds_until_fulfilled() for _ in range(SMALL_ORDERS))
    huge = venue.order(quantity)
    wait_for(lambda: venue.printed(huge) >= PRINTED_AT_ONCE, 60, "the first part")
    beside = median(venue.seconds_until_fulfilled() for _ in range(SMALL_ORDERS))
    still_printing = venue.status(huge) == "paid"
    press.kill()
    killed = time.monotonic()
    venue.press()
    before = venue.printed(huge)
    wait_for(lambda: venue.printed(huge) > before, 60, "the next part")
    resumed = time.monotonic() - killed
    wait_for(lambda: venue.status(huge) == "fulfilled", seconds, "the huge order", every=0.2)

    calls = [
        line
        for process in venue.processes.started
        for line in process.lines()
        if line["event"] == "message" and line["kind"] in {PrintTickets.kind, GenerateTickets.kind}
    ]
    redelivered = sum(bool(line["redelivered"]) for line in calls)
    assert venue.printed(huge) == quantity
    assert venue.told(huge) == 1
    assert redelivered <= THREADS
    assert resumed < 30
    assert still_printing, "the huge order was printed before the small ones: it has to be larger"
    assert beside < alone + 1, f"two tickets: alone {alone:.2f} s, beside a huge order {beside:.2f} s"
