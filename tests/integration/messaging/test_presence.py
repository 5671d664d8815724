"""Workers announce themselves to the relay, and to people."""

import os
import threading
import time
from typing import Any

import pytest

from shared.ids import new_id
from shared.messaging.actor import actor
from shared.messaging.in_flight import InFlight
from shared.messaging.jobs import show_jobs
from shared.messaging.presence import Presence, Work
from tests.integration.messaging.shop import Shop, envelope
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

RUNNING = "SELECT message_id, service, kind, queue, organisation_id FROM messaging.running"
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
        database.engine("toyshop"), Work("toyshop", 2, {"toyshop.default": 2}), lambda: is_open, InFlight(), 0.05
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


def test_job_that_takes_over_a_second_is_seen_while_it_runs(shop: Shop) -> None:
    """With since when and for whom; it is taken back when it has ended."""
    go_on = threading.Event()
    make = actor(MakeToy, queue="toyshop.default")(lambda *_: go_on.wait(60))
    shop.open(make)
    ada = new_id()
    message_id = shop.publish(MakeToy(number=1), organisation_id=ada)
    shop.database.query("SELECT pg_notify('bellhop_outbox', '')")

    rows = wait_for(lambda: shop.database.query(RUNNING), what="the job to be seen")
    with shop.database.work("relay")() as session:
        (job,) = show_jobs(session, message_id)
    go_on.set()
    shop.wait_until_ended(message_id)
    wait_for(lambda: not shop.database.query(RUNNING), what="the row to be gone")

    assert rows == [(message_id, "toyshop", MakeToy.kind, "toyshop.default", ada)]
    assert (job.state, job.started_at is not None, job.duration is not None) == ("running", True, True)


@pytest.mark.parametrize("seconds", [0.0, 0.3], ids=["quick", "slow"])
def test_inbox_says_how_long_a_job_took(shop: Shop, seconds: float) -> None:
    """To ten milliseconds: what is quicker has begun and ended at once. Of twenty one is, however busy the machine."""
    make = actor(MakeToy, queue="toyshop.default")(lambda *_: time.sleep(seconds))
    shop.open(make)
    for number in range(20):
        shop.wait_until_ended(shop.publish(MakeToy(number=number)))

    took = shop.database.value("SELECT min(extract(epoch FROM finished_at - started_at))::float8 FROM messaging.inbox")

    assert took >= seconds
    assert (took > 0) is (seconds > 0)


def test_delivery_that_is_quiet_leaves_the_times_of_the_first(shop: Shop) -> None:
    """A copy that comes later says nothing about how long the job took."""
    make = actor(MakeToy, queue="toyshop.default")(lambda *_: time.sleep(0.05))
    shop.open(make)
    message_id = shop.publish(MakeToy(number=1))
    shop.wait_until_ended(message_id)
    before = shop.database.query("SELECT started_at, finished_at FROM messaging.inbox")
    shop.put("toyshop.default", envelope(MakeToy.kind, message_id=str(message_id)))
    second = shop.publish(MakeToy(number=2))
    shop.wait_until_ended(second)
    wait_for(lambda: shop.vhost.count("toyshop.default") == 0, what="the copy to be taken")

    assert before == shop.database.query(
        "SELECT started_at, finished_at FROM messaging.inbox WHERE message_id = %s", message_id
    )
