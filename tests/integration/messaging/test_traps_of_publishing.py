"""What stock Dramatiq does with messages on their way and with queues, and what ours does instead."""

from collections.abc import Callable
from typing import Any

import dramatiq
import pika
import pytest
from dramatiq import Worker

from shared.messaging.topology import WORK_DELIVERY_LIMIT, work_queue_arguments
from tests.integration.messaging.stock import AnyBroker, arguments_of, both, let_mature, opened, ready, working
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for


def actor_of(
    broker: AnyBroker, function: Callable[..., Any] = lambda *_: None, **options: Any
) -> dramatiq.Actor[..., Any]:
    return dramatiq.Actor(function, broker=broker, actor_name="work", queue_name="jobs", priority=0, options=options)


@both(stock=None, ours=1)
def test_message_for_a_queue_that_is_gone(
    rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: int | None
) -> None:
    """Without confirms it vanishes and nobody is told; ours is told, declares the queue again and sends it anew."""
    with opened(broker_class, rabbitmq) as broker:
        work = actor_of(broker)
        broker.declare_queue("jobs", ensure=True)
        let_mature(rabbitmq, "jobs")
        broker.channel.queue_delete("jobs")

        work.send()

        assert ready(rabbitmq, "jobs") == expected


@both(stock=604_800_000, ours=None)
def test_dead_letters_expire(rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: int | None) -> None:
    """Stock deletes failed work after seven days; ours keeps it until it is in PostgreSQL."""
    with opened(broker_class, rabbitmq) as broker:
        broker.declare_queue("jobs", ensure=True)

    assert arguments_of(rabbitmq, "jobs.XQ").get("x-message-ttl") == expected


@both(stock="classic", ours="quorum")
def test_kind_of_queue(rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: str) -> None:
    """A classic queue lives on one node's disk."""
    with opened(broker_class, rabbitmq) as broker:
        broker.declare_queue("jobs", ensure=True)

    assert rabbitmq.management("GET", f"/api/queues/{rabbitmq.name}/jobs")["type"] == expected


@both(stock=(1, 0), ours=(0, 1))
def test_message_that_kills_its_worker_each_time(
    rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: tuple[int, int]
) -> None:
    """In a classic queue it comes back for ever; in ours there is a last resort."""
    with opened(broker_class, rabbitmq) as broker:
        actor_of(broker).send()
        for _ in range(WORK_DELIVERY_LIMIT + 5):
            channel = broker.connection.channel()
            channel.basic_get("jobs")
            channel.close()

    assert wait_for(lambda: (ready(rabbitmq, "jobs"), ready(rabbitmq, "jobs.XQ")) == expected, what=f"{expected}")


def held_in_memory(worker: Worker) -> int:
    return sum(consumer.delay_queue.qsize() for consumer in worker.consumers.values())


@both(stock=(5, None), ours=(0, 5))
def test_delayed_messages_wait(
    rabbitmq: VirtualHost, broker_class: type[AnyBroker], expected: tuple[int, int | None]
) -> None:
    """Stock holds them unacknowledged in the memory of a worker, until RabbitMQ's patience ends; ours leaves them where
    they are.
    """
    with opened(broker_class, rabbitmq) as broker:
        work = actor_of(broker)
        with working(broker) as worker:
            for _ in range(5):
                work.send_with_options(delay=60_000)

            wait_for(
                lambda: (held_in_memory(worker), ready(rabbitmq, "bellhop.ladder.32s")) == expected, what=f"{expected}"
            )


@pytest.mark.parametrize(("limit", "dead"), [(5, 8), (WORK_DELIVERY_LIMIT, 0)], ids=["a limit of 5", "ours"])
def test_closed_consumers_count_for_the_innocent(rabbitmq: VirtualHost, limit: int, dead: int) -> None:
    """Each unacknowledged message counts a delivery, started or not: six deaths would dead-letter all neighbours."""
    connection = rabbitmq.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("jobs", durable=True, arguments={**work_queue_arguments("jobs"), "x-delivery-limit": limit})
    channel.queue_declare("jobs.XQ", durable=True, arguments={"x-queue-type": "quorum"})
    for _ in range(8):
        channel.basic_publish("", "jobs", b"innocent", pika.BasicProperties(delivery_mode=2), mandatory=True)

    for _ in range(6):
        consumer = connection.channel()
        while consumer.basic_get("jobs")[0] is not None:
            continue
        consumer.close()
    connection.close()

    assert wait_for(lambda: (ready(rabbitmq, "jobs"), ready(rabbitmq, "jobs.XQ")) == (8 - dead, dead))
