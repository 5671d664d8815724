"""Queues without an answer are found and made anew; what waits for them goes on."""

from time import monotonic

import pika.exceptions
import pytest

from deploy.local.ports import free_port
from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.envelope import EVENTS_EXCHANGE
from shared.messaging.repair import FORGET_SECONDS, SETTLE_SECONDS, queues_without_answer, repair
from shared.messaging.topology import PARK, UNROUTABLE
from tests.integration.messaging.shop import Shop
from tests.integration.messaging.silence import silent
from tests.integration.messaging.stock import let_mature
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

DEFAULT, EVENTS = "toyshop.default", "toyshop.events"
MAKE: ActorDeclaration = actor(MakeToy, queue=DEFAULT)(lambda *_: None)
HEAR: ActorDeclaration = actor(ToyMade, queue=EVENTS)(lambda *_: None)


def delete_queue(shop: Shop, queue: str) -> None:
    connection = shop.vhost.connect()
    connection.channel().queue_delete(queue)
    connection.close()


def test_queue_that_does_not_answer_is_named_in_time(shop: Shop, node: RabbitMQ) -> None:
    """Declares succeed on it, and RabbitMQ calls it running: it is asked. So is one that is not there."""
    shop.declare(MAKE, HEAR)
    asked = [DEFAULT, EVENTS, PARK, UNROUTABLE, "toyshop.gone"]

    with silent(node, shop.vhost, DEFAULT):
        began = monotonic()
        found = queues_without_answer(shop.vhost.url, asked, seconds=0.5)
        took = monotonic() - began

    assert found == [DEFAULT, "toyshop.gone"]
    assert took < 10


def test_asking_takes_nothing_away(shop: Shop) -> None:
    """A message that comes with the answer is given back."""
    shop.declare(MAKE)
    shop.put(DEFAULT, b"first", b"second")

    found = queues_without_answer(shop.vhost.url, [DEFAULT])

    assert found == []
    wait_for(lambda: shop.vhost.count(DEFAULT) == 2, what="both messages")


def test_asking_for_nothing_is_answered(shop: Shop) -> None:
    """There is no queue to wait for."""
    assert queues_without_answer(shop.vhost.url, []) == []


def test_broker_that_is_away_says_nothing_about_its_queues() -> None:
    """None of them may be taken for dead, and deleted."""
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        queues_without_answer(f"amqp://guest:guest@127.0.0.1:{free_port()}/", [DEFAULT])


def test_queue_that_is_gone_is_made_anew_and_what_waits_goes_on(shop: Shop) -> None:
    """With its arguments and bindings, and old enough before anything is published to it."""
    shop.declare(MAKE, HEAR)
    let_mature(shop.vhost, EVENTS)
    delete_queue(shop, EVENTS)
    shop.publish(ToyMade(number=1))
    shop.database.query("UPDATE messaging.outbox SET not_before = clock_timestamp() + interval '1 hour', refusals = 9")
    waits: list[float] = []

    repaired = repair(shop.database.url, shop.vhost.url, settle=waits.append)
    shop.start_relay()

    assert (repaired.recreated, repaired.checked, repaired.released) == ((EVENTS,), 6, 1)
    assert waits == [FORGET_SECONDS, SETTLE_SECONDS]
    wait_for(lambda: shop.vhost.count(EVENTS) == 1, what="the event")


def test_command_that_comes_back_during_the_repair_is_no_failed_job(shop: Shop) -> None:
    """For a moment its queue is not there; a relay that publishes then keeps it, and sends it when the queue is back."""
    shop.declare(MAKE)
    let_mature(shop.vhost, DEFAULT)
    delete_queue(shop, DEFAULT)
    shop.start_relay()

    def publish_meanwhile(seconds: float) -> None:
        if seconds == FORGET_SECONDS:
            shop.publish(MakeToy(number=1))
            wait_for(
                lambda: shop.database.value("SELECT count(*) FROM messaging.outbox WHERE not_before IS NOT NULL") == 1,
                what="the relay to put it off",
            )

    repaired = repair(shop.database.url, shop.vhost.url, settle=publish_meanwhile)

    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the command")
    assert (repaired.recreated, shop.failed_jobs()) == ((DEFAULT,), [])


def test_exchange_and_bindings_that_are_gone_are_made_anew(shop: Shop) -> None:
    """Whoever deleted them deleted the bindings as well."""
    shop.declare(HEAR)
    connection = shop.vhost.connect()
    connection.channel().exchange_delete(EVENTS_EXCHANGE)
    connection.close()

    repair(shop.database.url, shop.vhost.url, settle=lambda _: None)
    shop.publish(ToyMade(number=1))
    shop.start_relay()

    wait_for(lambda: shop.vhost.count(EVENTS) == 1, what="the event")


def test_healthy_broker_is_left_alone(shop: Shop) -> None:
    """Nothing is deleted, nothing waited for."""
    shop.declare(MAKE, HEAR)
    shop.put(DEFAULT, b"kept")
    waits: list[float] = []

    repaired = repair(shop.database.url, shop.vhost.url, settle=waits.append)

    assert (repaired.recreated, repaired.released, waits) == ((), 0, [])
    wait_for(lambda: shop.vhost.count(DEFAULT) == 1, what="the message")
