"""Queues that give no answer are named; asking takes nothing away."""

from time import monotonic

import pika.exceptions
import pytest

from deploy.local.ports import free_port
from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.queue_answers import queues_not_there, queues_without_answer
from shared.messaging.topology import PARK, UNROUTABLE
from tests.integration.messaging.shop import Shop
from tests.integration.messaging.silence import silent
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, ToyMade

DEFAULT, EVENTS = "toyshop.default", "toyshop.events"
MAKE: ActorDeclaration = actor(MakeToy, queue=DEFAULT)(lambda *_: None)
HEAR: ActorDeclaration = actor(ToyMade, queue=EVENTS)(lambda *_: None)


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


def test_queue_that_is_not_there_is_told_from_one_that_is_silent(shop: Shop, node: RabbitMQ) -> None:
    """RabbitMQ itself says so."""
    shop.declare(MAKE)

    with silent(node, shop.vhost, DEFAULT):
        found = queues_not_there(shop.vhost.url, [DEFAULT, "toyshop.gone"])

    assert found == ["toyshop.gone"]
