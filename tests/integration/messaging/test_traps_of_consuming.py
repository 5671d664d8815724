"""What stock Dramatiq's consumers and threads do with a message that is odd, or late, and what ours do instead."""

import threading
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest
from dramatiq import Worker
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware, Retries, TimeLimit
from sqlalchemy.orm import Session

from shared.messaging.actor import actor
from tests.integration.messaging.shop import Shop, envelope
from tests.integration.messaging.stock import AnyBroker, both, opened, ready, working
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for
from tests.toyshop.actors import EFFECT
from tests.toyshop.contracts import MakeToy

KIND = "shop.toy.made"


def actor_of(broker: AnyBroker, function: Callable[..., Any], **options: Any) -> dramatiq.Actor[..., Any]:
    return dramatiq.Actor(function, broker=broker, actor_name=KIND, queue_name="jobs", priority=0, options=options)


def put(vhost: VirtualHost, *bodies: bytes) -> None:
    connection = vhost.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish("", "jobs", body, mandatory=True)
    connection.close()


def body(number: int, **changes: Any) -> bytes:
    return envelope(KIND, **{"queue_name": "jobs", "kwargs": {"number": number}, "options": {}, **changes})


def take(consumer: Any) -> MessageProxy:
    """The next message of a consumer."""
    message: MessageProxy = wait_for(lambda: next(consumer), 5, "a message")
    return message


@both(stock=["long"], ours=["long", "other"])
def test_acknowledgement_after_a_reconnect(
    rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: list[str]
) -> None:
    """Delivery tags begin again, so the late answer of a long job acknowledges a message that nobody has handled."""
    with opened(broker_class, rabbitmq) as broker:
        broker.declare_queue("jobs", ensure=True)
        for name in ("first", "long", "other"):
            put(rabbitmq, body(1, kwargs={"name": name}))
        former = broker.consume("jobs", prefetch=3, timeout=100)
        former.ack(take(former))
        long = take(former)
        former.close()
        present = broker.consume("jobs", prefetch=3, timeout=100)
        redelivered = [take(present), take(present)]
        assert sorted(message.kwargs["name"] for message in redelivered) == ["long", "other"]

        present.ack(long)
        present.close()

        left = broker.consume("jobs", prefetch=3, timeout=100)
        names = [message.kwargs["name"] for message in (next(left) for _ in range(4)) if message is not None]
        left.close()
    assert sorted(names) == expected


def living(worker: Worker) -> int:
    return sum(thread.is_alive() for thread in worker.workers)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # stock's threads die here
@both(stock=(0, set()), ours=(2, {1, 2, 3}))
def test_foreign_queue_name(
    rabbitmq: VirtualHost,
    broker_class: type[AnyBroker],
    expected: tuple[int, set[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every event names the exchange it was published to: each kills a thread of stock's, and the worker stands still."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    done: list[int] = []
    with opened(broker_class, rabbitmq) as broker:
        actor_of(broker, lambda number: done.append(number) if number else None)
        broker.declare_queue("jobs", ensure=True)
        foreign = [body(0, queue_name="bellhop.events") for _ in range(2)]
        put(rabbitmq, *foreign, *[body(number) for number in (1, 2, 3)])

        with working(broker, threads=2) as worker:
            if expected[0]:
                wait_for(lambda: len(done) == 3, what="the good ones")
            else:
                wait_for(lambda: living(worker) == 0, what="every thread to be dead")
            outcome = (living(worker), set(done))

    assert outcome == expected


@both(stock=(set(), 4, 0), ours=({1, 2, 3}, 0, 1))
def test_null_options(
    rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: tuple[set[int], int, int]
) -> None:
    """One such body tears stock's consumer down, with all that it had fetched, and comes back to do it again."""
    done: list[int] = []
    with opened(broker_class, rabbitmq) as broker:
        actor_of(broker, done.append)
        broker.declare_queue("jobs", ensure=True)
        put(rabbitmq, body(0, options=None), *[body(number, args=[number], kwargs={}) for number in (1, 2, 3)])

        with working(broker) as worker:
            consumer = worker.consumers["jobs"]
            wait_for(lambda: len(done) == 3 or (consumer.consumer and not consumer.consumer.connection.is_open))  # type: ignore[attr-defined] # RabbitMQ's has one
        wait_for(lambda: ready(rabbitmq, "jobs") == expected[1], what="what is left")

    assert (set(done), ready(rabbitmq, "jobs"), ready(rabbitmq, "jobs.XQ")) == expected


class Guard(Middleware):
    """A limit whose store is away."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        raise ConnectionError("the limits cannot be read")


def jobs_past_a_guard_in_middleware(shop: Shop) -> int:
    done: list[int] = []
    with opened(dramatiq.brokers.rabbitmq.RabbitmqBroker, shop.vhost, middleware=[Guard()]) as broker:
        work = actor_of(broker, done.append)
        with working(broker):
            for number in range(5):
                work.send(number)
            broker.join("jobs", timeout=5_000, min_successes=3)
            wait_for(lambda: len(done) == 5, what="all to have run")
    return len(done)


def jobs_past_a_guard_in_the_callable(shop: Shop) -> int:
    done: list[int] = []

    def guarded(message: MakeToy, *_: object) -> None:
        Guard().before_process_message(None, message)
        done.append(message.number)

    shop.open(actor(MakeToy, queue="toyshop.default")(guarded))
    for number in range(5):
        shop.publish(MakeToy(number=number))
    wait_for(lambda: shop.database.value("SELECT count(*) FROM messaging.attempt WHERE outcome = 'retry'") == 5)
    return len(done)


@pytest.mark.parametrize(
    ("run", "got_past"),
    [(jobs_past_a_guard_in_middleware, 5), (jobs_past_a_guard_in_the_callable, 0)],
    ids=["stock", "ours"],
)
def test_limit_that_cannot_be_read(shop: Shop, run: Callable[[Shop], int], got_past: int) -> None:
    """Dramatiq swallows exceptions of middleware, so a limit in it fails open; ours is inside the callable."""
    assert run(shop) == got_past


@both(stock=(0, 0), ours=(0, 1))
def test_unforeseen_exception_of_an_actor(
    rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: tuple[int, int]
) -> None:
    """Stock acknowledges whatever happened, unless a middleware says otherwise; a guarded actor's message goes back."""

    def fail(**_: Any) -> None:
        raise RuntimeError("nobody thought of this")

    with opened(broker_class, rabbitmq, middleware=[]) as broker:
        actor_of(broker, fail)
        if hasattr(broker, "guard"):
            broker.guard(KIND)
        broker.declare_queue("jobs", ensure=True)
        put(rabbitmq, body(1))
        with working(broker):
            wait_for(lambda: (ready(rabbitmq, "jobs"), ready(rabbitmq, "jobs.XQ")) == expected, what=f"{expected}")

    assert (ready(rabbitmq, "jobs"), ready(rabbitmq, "jobs.XQ")) == expected


SLOW_COMMIT = """
CREATE FUNCTION toyshop.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON toyshop.effect DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION toyshop.slow();
"""


def commit_beyond_the_limit_of_stock(shop: Shop) -> None:
    def work(number: int) -> None:
        with shop.database.work("toyshop")() as session:
            session.execute(EFFECT, {"number": number, "what": "made"})

    middleware = [TimeLimit(interval=10), Retries(max_retries=1, min_backoff=10, max_backoff=20)]
    with opened(dramatiq.brokers.rabbitmq.RabbitmqBroker, shop.vhost, middleware=middleware) as broker:
        actor_of(broker, work, time_limit=100).send(1)
        with working(broker):
            wait_for(lambda: ready(shop.vhost, "jobs.XQ") == 1, what="the message to be given up")


def commit_beyond_the_limit_of_ours(shop: Shop) -> None:
    def make(message: MakeToy, session: Session, _: object) -> None:
        session.execute(EFFECT, {"number": message.number, "what": "made"})

    shop.open(actor(MakeToy, queue="toyshop.default", time_limit=0.1)(make))
    shop.wait_until_ended(shop.publish(MakeToy(number=1)))


@pytest.mark.parametrize(
    ("run", "times"),
    [(commit_beyond_the_limit_of_stock, 2), (commit_beyond_the_limit_of_ours, 1)],
    ids=["stock", "ours"],
)
def test_time_limit_that_strikes_in_the_commit(shop: Shop, run: Callable[[Shop], None], times: int) -> None:
    """Stock's interrupts a commit that has arrived: done and retried, and given up besides. Ours is disarmed before."""
    shop.database.query(SLOW_COMMIT)

    run(shop)

    assert shop.effects() == {(1, "made"): times}
