"""A worker with its relay, RabbitMQ and PostgreSQL: what was asked for happens once, also when it is told to stop."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from shared.errors import TransientError
from shared.messaging.actor import ActorDeclaration, Snooze, actor
from shared.messaging.outbox import publish, publish_all
from shared.messaging.retries import Delays
from shared.messaging.worker import WorkerProcess
from shared.messaging.worker_options import WorkerOptions
from tests.integration.messaging.shop import Shop, envelope
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.actors import EFFECT
from tests.toyshop.contracts import MakeToy, PackToy, ToyMade

DEFAULT, EVENTS = "toyshop.default", "toyshop.events"
Job = Callable[[Any], None]


def declare(
    contract: Any, what: str, job: Job = lambda _: None, then: Any = None, queue: str = DEFAULT, **policy: Any
) -> ActorDeclaration:
    """An actor that writes `what` for a number, publishes what follows, and does `job`."""

    def handle(message: Any, session: Session, _: object) -> None:
        session.execute(EFFECT, {"number": message.number, "what": what})
        for following in then or ():
            publish(session, following(number=message.number))
        job(message)

    return actor(contract, queue=queue, backoff=Delays([0.1]), **policy)(handle)


def failing(*errors: BaseException) -> Job:
    left = list(errors)

    def job(_: Any) -> None:
        if left:
            raise left.pop(0)

    return job


def test_what_was_asked_for_happens_once_at_every_step(shop: Shop) -> None:
    """A command, the command and the event that follow from it: three services' worth of work for each number."""
    shop.open(
        declare(MakeToy, "made", then=(PackToy, ToyMade)),
        declare(PackToy, "packed"),
        declare(ToyMade, "heard", queue=EVENTS),
    )
    with shop.database.work("toyshop")() as session:
        publish_all(session, [MakeToy(number=number) for number in range(50)])

    wait_for(lambda: sum(shop.effects().values()) >= 150 and shop.pending() == 0, what="all effects")

    assert shop.effects() == {(n, what): 1 for n in range(50) for what in ("made", "packed", "heard")}
    assert shop.database.query("SELECT DISTINCT status, turn, attempts FROM messaging.inbox") == [("done", 1, 1)]


@pytest.mark.parametrize(
    ("error", "standing"),
    [
        (TransientError("not yet"), ("done", 2, 2)),
        (TransientError("not yet", retry_after=0.2), ("done", 2, 2)),
        (ZeroDivisionError("a bug"), ("done", 2, 2)),
        (Snooze(0.1), ("done", 2, 1)),
    ],
    ids=["transient", "with its own time", "bug", "snooze"],
)
def test_message_that_was_put_off_comes_back(shop: Shop, error: Exception, standing: tuple[str, int, int]) -> None:
    """Through the schedule, the outbox and its own queue; what the first attempt did is not there."""
    shop.open(declare(MakeToy, "made", failing(error), then=(PackToy,)), declare(PackToy, "packed"))

    message_id = shop.publish(MakeToy(number=1))

    assert shop.wait_until_ended(message_id) == standing
    wait_for(lambda: shop.effects() == {(1, "made"): 1, (1, "packed"): 1}, what="one effect of each")


def test_event_that_fails_at_one_listener_is_tried_again_there_only(shop: Shop) -> None:
    """A retry goes to the consumer that failed, never through the exchange."""
    calm: list[int] = []
    elsewhere = actor(ToyMade, queue="scheduler.default")(lambda message, *_: calm.append(message.number))
    shop.declare(declare(ToyMade, "heard", queue=EVENTS), elsewhere)
    shop.start_relay()
    shop.start_worker(elsewhere)
    shop.start_worker(declare(ToyMade, "heard", failing(ZeroDivisionError(), ZeroDivisionError()), queue=EVENTS))

    message_id = shop.publish(ToyMade(number=1))

    assert shop.wait_until_ended(message_id) == ("done", 3, 3)
    assert (shop.effects(), calm) == ({(1, "heard"): 1}, [1])


class Held:
    """A job that stands still in the middle, until it is released or interrupted."""

    def __init__(self) -> None:
        self.inside, self.leave = Event(), Event()

    def __call__(self, _: Any) -> None:
        self.inside.set()
        while not self.leave.wait(0.01):
            continue


def left_in(shop: Shop, queue: str) -> list[tuple[bool, int]]:
    """(redelivered, how often RabbitMQ has counted a delivery) of each message in a queue, which is emptied."""
    connection = shop.vhost.connect()
    channel = connection.channel()
    found = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append((got[0].redelivered, (got[1].headers or {}).get("x-delivery-count", 0)))
    connection.close()
    return found


def test_job_that_outlasts_the_grace_period_is_handed_back_uncounted(shop: Shop) -> None:
    """Rolled back, published to its queue again, confirmed, and then acknowledged: no attempt, no delivery is spent."""
    held = Held()
    shop.declare(declare(MakeToy, "made", held))
    shop.put(DEFAULT, envelope(MakeToy.kind))
    worker = shop.start_worker(declare(MakeToy, "made", held), grace=0.1)
    held.inside.wait(20)

    shop.stop(worker)

    assert left_in(shop, DEFAULT) == [(False, 0)]
    assert (shop.effects(), shop.database.query("SELECT * FROM messaging.attempt")) == ({}, [])


def test_job_that_ends_within_the_grace_period_is_done(shop: Shop) -> None:
    """What has begun ends; what was fetched and has not begun is handed back, uncounted."""
    held = Held()
    declaration = declare(MakeToy, "made", held)
    shop.declare(declaration)
    shop.put(DEFAULT, *(envelope(MakeToy.kind, kwargs={"number": number}) for number in range(6)))
    worker = shop.start_worker(declaration, threads=2, grace=20)
    held.inside.wait(20)
    wait_for(lambda: shop.vhost.count(DEFAULT) <= 4, what="the prefetch")

    stopping = Thread(target=shop.stop, args=(worker,))
    stopping.start()
    wait_for(lambda: worker.broker.is_stopping, what="the stop to begin")
    held.leave.set()
    stopping.join(30)

    left = left_in(shop, DEFAULT)
    assert set(left) == {(False, 0)}
    assert len(shop.effects()) + len(left) == 6
    assert len(shop.effects()) >= 1


def test_second_worker_takes_over_what_the_first_handed_back(shop: Shop) -> None:
    """A deployment in the middle of a job: it runs again, and its effect is there once."""
    held = Held()
    shop.declare(declare(MakeToy, "made", held))
    shop.start_relay()
    message_id = shop.publish(MakeToy(number=1))
    worker = shop.start_worker(declare(MakeToy, "made", held), grace=0.1)
    held.inside.wait(20)
    shop.stop(worker)

    shop.start_worker(declare(MakeToy, "made"))

    assert shop.wait_until_ended(message_id) == ("done", 1, 1)
    assert shop.effects() == {(1, "made"): 1}


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Nobody can connect to this database, and whoever was is cut off."""
    url = make_url(database.url)
    with psycopg.connect(os.environ["BELLHOP_TEST_POSTGRES_URL"], autocommit=True) as server:
        name = str(url.database)
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
        server.execute(cut, (name,))
        try:
            yield
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def test_nothing_is_taken_while_the_database_is_away(shop: Shop) -> None:
    """The gate shuts at the first that meets it; then what the worker does not hold stays in the queue; all of it runs
    once it is back.
    """
    declaration = declare(MakeToy, "made")
    worker = shop.open(declaration)
    held = worker.broker.prefetches[DEFAULT]
    shop.wait_until_ended(shop.publish(MakeToy(number=0)))

    with away(shop.database):
        shop.put(DEFAULT, *(envelope(MakeToy.kind, kwargs={"number": number}) for number in range(1, 60)))
        wait_for(lambda: not worker.gate.is_open, what="the gate to be shut")
        wait_for(lambda: worker.not_ready() == ["the database is away"], what="the worker to say so")
        in_the_queue = shop.vhost.count(DEFAULT)
    wait_for(lambda: len(shop.effects()) == 60, what="all of them")

    assert in_the_queue >= 59 - held
    assert set(shop.effects().values()) == {1}
    assert (shop.failed_jobs(), shop.database.query("SELECT * FROM messaging.attempt")) == ([], [])
    assert shop.vhost.count(f"{DEFAULT}.XQ") == 0


def test_what_lies_in_the_queue_of_the_release_before_is_heard(shop: Shop) -> None:
    """An event that moved to a queue of its own still waits in the old one, whose worker takes no other queue: it is
    worked off, and a copy that comes over the new queue as well changes nothing.
    """
    shop.declare(declare(MakeToy, "made"), declare(ToyMade, "heard", queue=EVENTS))
    now = (declare(MakeToy, "made"), declare(ToyMade, "heard", queue=EVENTS, formerly=[DEFAULT]))
    both = [envelope(ToyMade.kind, kwargs={"number": number}) for number in (1, 2)]
    shop.put(DEFAULT, *both)
    shop.put(EVENTS, both[1])

    shop.start_worker(*now, queues=frozenset({DEFAULT}))
    wait_for(lambda: len(shop.effects()) == 2, what="the events")
    shop.start_worker(*now, queues=frozenset({EVENTS}))
    wait_for(lambda: shop.vhost.count(EVENTS) == 0, what="the copy to be taken")

    assert shop.effects() == {(1, "heard"): 1, (2, "heard"): 1}
    assert [shop.vhost.count(f"{queue}.XQ") for queue in (DEFAULT, EVENTS)] == [0, 0]


def test_worker_takes_only_the_queues_it_is_told(shop: Shop) -> None:
    """Pools of their own: long work never holds up short work."""
    both = (declare(MakeToy, "made"), declare(ToyMade, "heard", queue=EVENTS))
    shop.declare(*both)
    options = WorkerOptions(frozenset({EVENTS}), 1, 1.0)

    worker = WorkerProcess("toyshop", both, shop._settings("toyshop"), None, options)

    assert [declaration.queue for declaration in worker.declarations] == [EVENTS]
    with pytest.raises(SystemExit, match="name one of its own queues"):
        WorkerProcess("toyshop", both, shop._settings("toyshop"), None, WorkerOptions(frozenset({"x.y"}), 1, 1.0))
