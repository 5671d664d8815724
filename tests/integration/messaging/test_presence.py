"""Workers announce themselves to the relay, and to people."""

import os
from typing import Any

from shared.messaging.actor import actor
from shared.messaging.presence import Presence, Work
from tests.integration.messaging.shop import Shop
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

ROWS = "SELECT service, queues, threads, prefetch, pid FROM messaging.worker"


def test_worker_is_seen_while_it_works(shop: Shop) -> None:
    """With all of its queues; a stop in order takes the row away."""
    make = actor(MakeToy, queue="toyshop.default")(lambda *_: None)
    hear = actor(ToyMade, queue="toyshop.events", time_limit=600)(lambda *_: None)
    shop.declare(make, hear)
    worker = shop.start_worker(make, hear, threads=2)
    rows = wait_for(lambda: shop.database.query(ROWS), what="the worker's row")
    shop.stop(worker)

    left = shop.database.query(ROWS)

    assert rows == [("toyshop", ["toyshop.default", "toyshop.events"], 2, 6, os.getpid())]
    assert left == []


def test_row_is_refreshed_and_comes_back(database: Database) -> None:
    """Nothing is written while the gate is shut; who was taken for dead announces itself anew."""
    is_open = True
    presence = Presence(
        database.engine("toyshop"), Work("toyshop", 2, {"toyshop.default": 2}), lambda: is_open, refresh_seconds=0.05
    )

    def seen() -> Any:
        return database.query("SELECT seen_at FROM messaging.worker WHERE id = %s", presence.id)

    presence.start()
    first = wait_for(seen, what="the row")
    later = wait_for(lambda: seen() != first and seen(), what="the row to be refreshed")
    is_open = False
    database.query("DELETE FROM messaging.worker")
    shut = [seen() for _ in range(5)]
    is_open = True
    back = wait_for(seen, what="the row to be there again")
    presence.stop()

    assert (later > first, back > later, shut[1:], seen()) == (True, True, [[]] * 4, [])
