"""Confirmed publishes: what became of each message of a batch, also when channel or connection break."""

from collections.abc import Iterator

import pytest

from deploy.local.ports import free_port
from deploy.local.rabbitmq import RabbitMQ
from shared.messaging.publisher import Publisher
from shared.messaging.receipts import Publication
from shared.messaging.topology import work_queue_arguments
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for


@pytest.fixture
def publisher(rabbitmq: VirtualHost) -> Iterator[Publisher]:
    """A publisher that is connected, and a queue."""
    connection = rabbitmq.connect()
    connection.channel().queue_declare("jobs", durable=True, arguments=work_queue_arguments("jobs"))
    connection.close()
    publisher = Publisher(rabbitmq.url, "test")
    publisher.start()
    assert publisher.wait_up(10)
    yield publisher
    publisher.stop()
    assert not publisher.is_alive


def to(queue: str, count: int, exchange: str = "") -> list[Publication]:
    return [Publication(exchange, queue, b"%d" % number) for number in range(count)]


def test_many_are_confirmed(publisher: Publisher, rabbitmq: VirtualHost) -> None:
    """A thousand in flight, each with its answer."""
    receipt = publisher.publish(to("jobs", 1_000))

    assert receipt.wait(20)
    assert (len(receipt.confirmed), receipt.returned, receipt.refused) == (1_000, set(), set())
    assert rabbitmq.count("jobs") == 1_000


def test_what_no_queue_takes_is_returned(publisher: Publisher) -> None:
    """It is confirmed as well: the mark tells it from the others."""
    mixed = [one for pair in zip(to("jobs", 5), to("gone", 5), strict=True) for one in pair]

    receipt = publisher.publish(mixed)

    assert receipt.wait(20)
    assert receipt.confirmed == set(range(10))
    assert receipt.returned == {1, 3, 5, 7, 9}


def test_same_body_twice_is_returned_twice(publisher: Publisher) -> None:
    """A return names no number, so equal messages are counted one by one."""
    receipt = publisher.publish([Publication("", "gone", b"same"), Publication("", "gone", b"same")])

    assert receipt.wait(20)
    assert receipt.returned == {0, 1}


def test_missing_exchange_bars_its_batch_and_no_other(publisher: Publisher) -> None:
    """RabbitMQ closes the channel: the batch is lost, the next one on the same lane gets a new channel."""
    barred = publisher.publish(to("jobs", 3, exchange="gone"), "lane")
    assert barred.wait(20)
    other = publisher.publish(to("jobs", 3), "other lane")
    next_one = publisher.publish(to("jobs", 3), "lane")

    assert other.wait(20)
    assert next_one.wait(20)
    assert (barred.lost, barred.barred, barred.confirmed) == (True, True, set())
    assert (next_one.lost, len(next_one.confirmed), len(other.confirmed)) == (False, 3, 3)


def test_lane_that_is_closed_opens_again(publisher: Publisher) -> None:
    """What was unanswered on it is lost, at most."""
    publisher.publish(to("jobs", 1), "lane").wait(20)
    publisher.close_lane("lane")

    receipt = publisher.publish(to("jobs", 1), "lane")

    assert receipt.wait(20)
    assert receipt.confirmed == {0}


@pytest.mark.usefixtures("cut_connections")
def test_connection_that_is_cut_comes_back(publisher: Publisher, rabbitmq: VirtualHost, node: RabbitMQ) -> None:
    """No batch is sent again by itself; the next one goes through."""
    publisher.publish(to("jobs", 1)).wait(20)
    node.rabbitmqctl("close_all_connections", "--vhost", rabbitmq.name, "by the test")

    def goes_through() -> bool:
        receipt = publisher.publish(to("jobs", 1))
        return receipt.wait(10) and not receipt.lost

    wait_for(goes_through, what="a batch that is confirmed")

    assert publisher.is_up


def test_publisher_without_a_broker_loses_at_once() -> None:
    """Whoever publishes decides what to do then; nobody waits ten seconds."""
    publisher = Publisher(f"amqp://guest:guest@127.0.0.1:{free_port()}/", "test")
    publisher.start()

    receipt = publisher.publish(to("jobs", 1))
    publisher.stop()

    assert (receipt.wait(9), receipt.lost, receipt.barred) == (True, True, False)
