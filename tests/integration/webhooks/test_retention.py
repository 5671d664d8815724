"""Bodies go first, ids protect for longer, deliveries go with all that belongs to them."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from services.webhooks import actors
from services.webhooks.adapters.receivers import HttpReceivers
from services.webhooks.domain.inbound import Received
from services.webhooks.domain.retention import INBOUND, Keep
from services.webhooks.handlers.deliveries import Dependencies
from services.webhooks.repository.inbound import InboundEvents
from services.webhooks.repository.retention import purges
from shared.clock import now
from shared.contracts.webhooks import PurgeWebhooks
from shared.crypto import Vault
from shared.ids import new_id
from shared.messaging.testing import run_inline
from shared.storage import open_storage
from tests.integration.webhooks.shop import Shop
from tests.support.ageing import purge_on
from tests.support.databases import SECRET_KEY, Database


def take_in(database: Database, external_id: str, body: bytes | None, storage_key: str | None = None) -> bool:
    """Store an inbound event, as the gateway does."""
    received = Received(external_id, "payment.succeeded", livemode=False, created_at=now(), data={})
    with database.work("webhooks")() as session:
        return InboundEvents(session).add(new_id(), "stripe", received, body=body, storage_key=storage_key)


def bodies(database: Database) -> list[tuple[bytes | None, str | None]]:
    rows = database.query("SELECT body, storage_key FROM webhooks.inbound_events ORDER BY external_id")
    return [(None if row[0] is None else bytes(row[0]), row[1]) for row in rows]


def test_a_body_goes_and_its_event_is_known_still(database: Database) -> None:
    """Stripe may send it again: an event whose row had gone with its body would be paid twice."""
    take_in(database, "evt_1", b"{}")
    take_in(database, "evt_2", None, INBOUND.key("stripe", "a.json"))
    purge_on(database, "webhooks", purges(Keep()), 29)
    young = bodies(database)
    purge_on(database, "webhooks", purges(Keep()), 31)
    assert young == [(b"{}", None), (None, "webhooks/inbound/stripe/a.json")]
    assert bodies(database) == [(None, None), (None, None)]
    assert not take_in(database, "evt_1", b"{}")


def test_the_id_goes_when_nobody_sends_the_event_again(database: Database) -> None:
    """After 90 days."""
    take_in(database, "evt_1", b"{}")
    purge_on(database, "webhooks", purges(Keep()), 89)
    young = len(bodies(database))
    purge_on(database, "webhooks", purges(Keep()), 91)
    assert (young, bodies(database)) == (1, [])


def left(database: Database) -> dict[str, int]:
    tables = ("outbound_messages", "deliveries", "attempts")
    return {table: database.value(f"SELECT count(*) FROM webhooks.{table}") for table in tables}


def end_delivery(shop: Shop) -> None:
    """The only delivery is delivered at its second attempt."""
    delivery = shop.delivery()
    for number in (1, 2):
        shop.database.query(
            "INSERT INTO webhooks.attempts (id, delivery_id, number, by_hand, response) VALUES (%s, %s, %s, false, 'no')",
            new_id(),
            delivery,
            number,
        )
    shop.database.query("UPDATE webhooks.deliveries SET state = 'delivered', finished_at = now()")


@pytest.mark.parametrize("days", [29, 31])
def test_a_delivery_goes_with_its_attempts_and_its_message(shop: Shop, days: int) -> None:
    """Thirty days after it ended."""
    shop.subscribe("https://shop.example/hook")
    shop.pay_an_order()
    end_delivery(shop)
    purge_on(shop.database, "webhooks", purges(Keep()), days)
    assert set(left(shop.database).values()) == ({1, 2} if days < 30 else {0})


def test_a_delivery_that_is_still_tried_stays_with_all_of_it(shop: Shop) -> None:
    """However old it is."""
    shop.subscribe("https://shop.example/hook")
    shop.pay_an_order()
    purge_on(shop.database, "webhooks", purges(Keep()), 400)
    assert left(shop.database) == {"outbound_messages": 1, "deliveries": 1, "attempts": 0}


def test_an_object_goes_a_day_after_its_row_let_go_of_it_or_if_it_never_had_one(
    database: Database, tmp_path: Path
) -> None:
    """One whose transaction was never committed has a time as well; a fresh one stays."""
    storage = open_storage(tmp_path.as_uri())
    for name, days in (("orphan", 40), ("over", 31.5), ("under a day ago", 30.5), ("fresh", 0)):
        key = INBOUND.key("stripe", f"{name.replace(' ', '-')}.json")
        storage.put(key, b"{}", "application/json")
        then = (now() - timedelta(days=days)).timestamp()
        os.utime(tmp_path / key, (then, then))
    needs = Dependencies(HttpReceivers(()), Vault(SECRET_KEY), storage)
    run_inline(actors.purge_webhooks, PurgeWebhooks(), database.work("webhooks"), needs)
    assert sorted(key.rpartition("/")[2] for key in storage.list("webhooks/inbound")) == [
        "fresh.json",
        "under-a-day-ago.json",
    ]
