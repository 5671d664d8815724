"""One subscriber's endpoint hangs: the others' webhooks come as if it were not there. Real processes, broker, endpoints."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest

from services.webhooks.handlers import endpoints
from shared.contracts.ticketing import OrderPaid
from shared.crypto import Vault
from shared.discovery import actor_declarations
from shared.ids import new_id
from shared.messaging.outbox import publish
from tests.integration.webhooks.receiver import Receiver, answer, hang, receiving
from tests.integration.webhooks.shop import Shop, order_paid
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

HANGING_ORDERS = 60
WEBHOOKS_OF_B = 15
WAITING = 300


@dataclass
class Street:
    """Two organisations, and the processes that deliver their webhooks."""

    database: Database
    processes: Processes

    def shop(self, url: str) -> Shop:
        """An organisation with one endpoint."""
        shop = Shop(self.database, vault=Vault(SECRET_KEY))
        with self.database.work("webhooks")() as session:
            endpoints.create(session, shop.vault, shop.organisation_id, url=url, event_types=None)
        return shop

    def pay(self, shop: Shop) -> OrderPaid:
        """As ticketing tells of it."""
        event = order_paid(shop.organisation_id, new_id())
        with self.database.work("ticketing")() as session:
            publish(session, event, organisation_id=shop.organisation_id)
        return event

    def worker(self, *arguments: str) -> Process:
        url = self.database.service_url("webhooks")
        return self.processes.start("services.webhooks", *arguments, DATABASE_URL=url)

    def seconds_until_told(self, shop: Shop, receiver: Receiver) -> float:
        """From the commit of an order's payment until its webhook has arrived."""
        before, began = len(receiver.sent), time.monotonic()
        self.pay(shop)
        wait_for(lambda: len(receiver.sent) > before, 60, "the webhook", every=0.005)
        return time.monotonic() - began

    def states(self, shop: Shop) -> dict[str, int]:
        query = "SELECT state, count(*) FROM webhooks.deliveries WHERE organisation_id = %s GROUP BY state"
        return dict(self.database.query(query, shop.organisation_id))


@contextmanager
def open_street(database: Database, vhost: VirtualHost, folder: Path) -> Iterator[Street]:
    vhost.set_up(database.url, actor_declarations("webhooks"))
    environment = {
        "RABBITMQ_URL": vhost.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "BELLHOP_SERVICES": "webhooks",
        "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WORKER_GRACE": "1",
    }
    (folder / "storage").mkdir()
    group = Processes(folder, environment)
    try:
        group.start("services.relay", DATABASE_URL=database.service_url("relay"))
        yield Street(database, group)
    finally:
        group.end()


@pytest.fixture
def street(database: Database, rabbitmq: VirtualHost, tmp_path: Path) -> Iterator[Street]:
    with open_street(database, rabbitmq, tmp_path) as opened:
        yield opened


def test_an_endpoint_that_hangs_does_not_slow_the_webhooks_of_others(street: Street) -> None:
    """Sixty orders of A wait for an endpoint that never answers; B's webhooks take at most a second longer than alone, half of
    them at least: the machine may be busy.
    """
    street.worker("--queues", "webhooks.events,webhooks.default", "--threads", "4").wait_ready(60)
    street.worker("--queues", "webhooks.outbound", "--threads", "8").wait_ready(60)
    with receiving(hang) as hanging, receiving(answer(200)) as well:
        a, b = street.shop(hanging.url()), street.shop(well.url())
        alone = median(street.seconds_until_told(b, well) for _ in range(WEBHOOKS_OF_B))
        for _ in range(HANGING_ORDERS):
            street.pay(a)
        wait_for(lambda: hanging.connections > 0, 30, "the endpoint to be called")
        beside = median(street.seconds_until_told(b, well) for _ in range(WEBHOOKS_OF_B))
        held = street.database.value(
            "SELECT count(*) FROM webhooks.deliveries WHERE calling_until > clock_timestamp() AND organisation_id = %s",
            a.organisation_id,
        )
        # The endpoint hears a webhook before its worker writes that it was delivered.
        wait_for(
            lambda: street.states(b) == {"delivered": 2 * WEBHOOKS_OF_B}, 10, "B's last webhook to be written down"
        )

    assert beside < alone + 1, f"B's webhook: alone {alone:.2f} s, beside an endpoint that hangs {beside:.2f} s"
    assert held <= 4


def test_what_waits_for_an_endpoint_that_hung_is_delivered_once_it_answers(street: Street, database: Database) -> None:
    """Hundreds waited. A probe finds out, and then all are sent, each once, few at a time."""
    street.worker("--threads", "8").wait_ready(60)
    with receiving(answer(200)) as receiver:
        shop = street.shop(receiver.url())
        database.query("UPDATE webhooks.endpoints SET paused_at = clock_timestamp(), probed_at = clock_timestamp()")
        for _ in range(3):
            street.pay(shop)
        wait_for(lambda: street.states(shop).get("pending") == 3, 30, "the deliveries")
        flood(database, shop, WAITING - 3)
        (endpoint,) = database.query("SELECT id FROM webhooks.endpoints")
        with database.work("webhooks")() as session:
            endpoints.change(session, shop.organisation_id, endpoint[0], {"enabled": True})
        wait_for(lambda: street.states(shop) == {"delivered": WAITING}, 120, "all of them", every=0.2)
        sent = [one.headers["webhook-id"] for one in receiver.sent]
    assert len(set(sent)) == len(sent) == WAITING


def flood(database: Database, shop: Shop, count: int) -> None:
    """So many more deliveries that wait, each of a message of its own."""
    database.query(
        "WITH told AS (INSERT INTO webhooks.outbound_messages (id, key, organisation_id, event_type, body) "
        "SELECT gen_random_uuid(), 'flood:' || n, %s, 'order.paid', '{}' FROM generate_series(1, %s) AS n RETURNING id) "
        "INSERT INTO webhooks.deliveries (id, endpoint_id, message_id, organisation_id, state, waiting) "
        "SELECT gen_random_uuid(), endpoint_id, told.id, organisation_id, 'pending', true FROM told, "
        "(SELECT endpoint_id, organisation_id FROM webhooks.deliveries LIMIT 1) AS like_this RETURNING 1",
        shop.organisation_id,
        count,
    )
