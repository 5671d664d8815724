"""Stock Dramatiq beside ours: the same scenario is run with both, to show the trap and that it is gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika.exceptions
import pytest
from dramatiq import Worker
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from shared.messaging.broker import Broker
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

STOCK, OURS = RabbitmqBroker, Broker
AnyBroker = RabbitmqBroker  # ours is one too


def both(stock: Any, ours: Any) -> pytest.MarkDecorator:
    """Run with either broker; what is expected of each differs."""
    return pytest.mark.parametrize(("broker_class", "expected"), [(STOCK, stock), (OURS, ours)], ids=["stock", "ours"])


@contextmanager
def opened(broker_class: type[AnyBroker], vhost: VirtualHost, **options: Any) -> Iterator[AnyBroker]:
    """A broker, closed at the end."""
    broker = broker_class(url=vhost.url, **options)
    broker.emit_after("process_boot")
    try:
        yield broker
    finally:
        broker.close()


@contextmanager
def working(broker: AnyBroker, threads: int = 2) -> Iterator[Worker]:
    """A stock worker on a broker. A consumer that rests after an error is not waited for."""
    worker = Worker(broker, worker_threads=threads, worker_timeout=50)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=500)


def ready(vhost: VirtualHost, queue: str) -> int | None:
    """How many messages are ready in a queue; None if it is not there."""
    try:
        return vhost.count(queue)
    except pika.exceptions.ChannelClosedByBroker:
        return None


def let_mature(vhost: VirtualHost, queue: str) -> None:
    """Wait until dead letters flow from a queue. One that is deleted before can take them down for the whole node."""
    connection = vhost.connect()
    channel = connection.channel()
    channel.basic_publish("", queue, b"")
    wait_for(lambda: channel.basic_get(queue)[0], what="the message")
    channel.basic_nack(1, requeue=False)
    wait_for(lambda: channel.basic_get(f"{queue}.XQ", auto_ack=True)[0], what="the dead letter")
    connection.close()


def arguments_of(vhost: VirtualHost, queue: str) -> dict[str, Any]:
    """The arguments that RabbitMQ says a queue has."""
    arguments: dict[str, Any] = vhost.management("GET", f"/api/queues/{vhost.name}/{queue}")["arguments"]
    return arguments
