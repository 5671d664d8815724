"""A RabbitMQ of one's own. One node serves the whole file: a start takes five seconds."""

import time
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from deploy.local.errors import LocalStackError
from deploy.local.processes import marked, wait_until
from deploy.local.rabbitmq import RabbitMQ

OLD_ENOUGH = 5.0
"""Seconds: a quorum queue whose broker is killed before that can stay without a leader for ever."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """A node that runs."""
    with RabbitMQ(tmp_path_factory.mktemp("rabbitmq")) as broker:
        yield broker


def _channel(url: str) -> BlockingChannel:
    return pika.BlockingConnection(pika.URLParameters(url)).channel()


def test_virtual_host_comes_and_goes(broker: RabbitMQ) -> None:
    """A name with a slash is a name like any other."""
    url = broker.create_vhost("one/two")
    channel = _channel(url)
    channel.connection.close()

    broker.delete_vhost("one/two")

    with pytest.raises(pika.exceptions.AMQPError):
        _channel(url)


def test_command_line_tools_reach_the_node(broker: RabbitMQ) -> None:
    """They share its cookie and its name server."""
    assert broker.eval("1 + 1.") == "2"


def test_failure_of_a_tool_is_told(broker: RabbitMQ) -> None:
    """The message holds what the tool printed."""
    with pytest.raises(LocalStackError, match="no_such_command"):
        broker.rabbitmqctl("no_such_command")


def test_message_outlives_a_kill_and_nothing_runs_after_the_stop(broker: RabbitMQ) -> None:
    """SIGKILL for the broker loses no confirmed message; neither node nor name server stays after `stop`."""
    channel = _channel(broker.url)
    channel.confirm_delivery()
    channel.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
    declared = time.monotonic()
    channel.basic_publish("", "kept", b"precious", pika.BasicProperties(delivery_mode=2))
    channel.connection.close()
    wait_until(lambda: time.monotonic() - declared > OLD_ENOUGH, 10)

    broker.kill()
    broker.start()
    channel = _channel(broker.url)
    body = channel.basic_get("kept", auto_ack=True)[2]
    channel.connection.close()
    broker.stop()

    assert body == b"precious"
    assert broker.pid is None
    assert marked(broker.node.mark) == []


def test_address_is_kept(tmp_path: Path) -> None:
    """Ports and password are chosen once for a folder; a port that is given wins."""
    assert RabbitMQ(tmp_path).url == RabbitMQ(tmp_path).url
    assert RabbitMQ(tmp_path, port=20001).port == 20001
