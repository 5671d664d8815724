"""What RabbitMQ itself does with queues that are not there, do not answer, or give out without end."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.publisher import Publisher
from shared.messaging.receipts import Publication, wait_for_all
from shared.messaging.topology import (
    DUE_EXCHANGE,
    PARK,
    UNROUTABLE,
    Subscription,
    declare,
    kept_queue_arguments,
    park_queue_arguments,
    topology_of,
    work_queue_arguments,
)
from tests.integration.messaging.silence import silent
from tests.integration.messaging.stock import ready
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

JOBS = [Subscription("toyshop", "toyshop.toy.make", "toyshop.default", is_event=False)]
PERSISTENT = pika.BasicProperties(delivery_mode=2)
TTL_MILLISECONDS = 200


@pytest.fixture
def channel(rabbitmq: VirtualHost) -> Iterator[BlockingChannel]:
    """A channel with confirms."""
    connection = rabbitmq.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    yield channel
    connection.close()


@pytest.mark.parametrize(("dead_letters_go_to", "arrived"), [("", 0), (DUE_EXCHANGE, 10)], ids=["plain", "ours"])
def test_parked_messages_behind_some_whose_queue_is_gone(
    rabbitmq: VirtualHost, channel: BlockingChannel, dead_letters_go_to: str, arrived: int
) -> None:
    """Dead-lettering at least once waits for 32 of them to be taken, for ever; with an alternate exchange each is."""
    topology = topology_of(JOBS)
    quick = {
        **park_queue_arguments(),
        "x-message-ttl": TTL_MILLISECONDS,
        "x-dead-letter-exchange": dead_letters_go_to,
    }
    declare(channel, type(topology)({**topology.queues, PARK: quick}, topology.exchanges, topology.bindings, ()))
    for queue in ["toyshop.gone"] * 40 + ["toyshop.default"] * 10:
        channel.basic_publish(PARK, queue, b"parked", PERSISTENT, mandatory=True)
    ends = monotonic() + (60.0 if arrived else 2.0)

    wait_for(lambda: ready(rabbitmq, "toyshop.default") == 10 or monotonic() > ends, 60, what="the outcome")

    assert ready(rabbitmq, "toyshop.default") == arrived
    assert ready(rabbitmq, UNROUTABLE) == (40 if arrived else 0)


def one_channel_for_all(_: str) -> str:
    return "main"


def one_for_each_destination(queue: str) -> str:
    return queue


@pytest.mark.parametrize(
    ("lane_of", "confirmed"), [(one_channel_for_all, 0), (one_for_each_destination, 20)], ids=["plain", "ours"]
)
def test_confirms_of_others_beside_a_queue_without_a_leader(
    rabbitmq: VirtualHost,
    node: RabbitMQ,
    channel: BlockingChannel,
    lane_of: Callable[[str], str],
    confirmed: int,
) -> None:
    """It holds up everything that is published behind it on the same channel."""
    for queue in ("stuck", "healthy"):
        channel.queue_declare(queue, durable=True, arguments=work_queue_arguments(queue))
    publisher = Publisher(rabbitmq.url, "test")
    publisher.start()
    assert publisher.wait_up(10)

    with silent(node, rabbitmq, "stuck"):
        stuck, healthy = (
            publisher.publish([Publication("", queue, b"")] * 20, lane_of(queue)) for queue in ("stuck", "healthy")
        )
        wait_for_all([stuck, healthy], total=1.5, stall=0.5)
        seen = (len(stuck.confirmed), len(healthy.confirmed))
    publisher.stop()

    assert seen == (0, confirmed)


LIMITED = {"x-queue-type": "quorum", "x-delivery-limit": 5}


@pytest.mark.parametrize(
    ("arguments", "left"), [(LIMITED, 0), (kept_queue_arguments(), 20)], ids=["a limit of 5", "ours"]
)
def test_messages_that_nobody_can_take_for_a_while(
    channel: BlockingChannel, arguments: dict[str, Any], left: int
) -> None:
    """A relay that cannot write gives dead letters back again and again: they must not be counted away."""
    channel.queue_declare("kept", durable=True, arguments=arguments)

    assert left_after_giving_back(channel, times=30) == left


def left_after_giving_back(channel: BlockingChannel, times: int) -> int:
    """Of 20 messages, each of which is given out and given back this often, or until it is gone."""
    for _ in range(20):
        channel.basic_publish("", "kept", b"dead letter", PERSISTENT, mandatory=True)
    for given_out, (method, _, _) in enumerate(channel.consume("kept", inactivity_timeout=0.5), start=1):
        if method is None:
            break
        channel.basic_nack(method.delivery_tag, requeue=True)
        if given_out == 20 * times:
            break
    channel.cancel()
    remaining = 0
    while channel.basic_get("kept", auto_ack=True)[0] is not None:
        remaining += 1
    return remaining


@pytest.mark.rabbitmq4
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("arguments", "left"), [({"x-queue-type": "quorum"}, 0), (kept_queue_arguments(), 20)], ids=["plain", "ours"]
)
def test_rabbitmq_4_deletes_dead_letters_without_a_limit(tmp_path: Path, arguments: dict[str, Any], left: int) -> None:
    """Its default is 20 returns; then a message without a dead-letter exchange is gone."""
    with RabbitMQ(tmp_path, version="4") as broker:
        connection = pika.BlockingConnection(pika.URLParameters(broker.url))
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare("kept", durable=True, arguments=arguments)
        remaining = left_after_giving_back(channel, times=30)
        connection.close()

    assert remaining == left
