"""Counting messages in the queues of a broker."""

from services.console.adapters.rabbitmq import QueueCount, count_by_management
from tests.support.vhosts import VirtualHost


def test_what_came_a_moment_ago_is_counted(rabbitmq: VirtualHost) -> None:
    """The management API alone would not know of it for seconds, on a busy machine for longer."""
    connection = rabbitmq.connect()
    channel = connection.channel()
    for queue in ("jobs", "idle"):
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
    channel.basic_consume("idle", lambda *_: None)
    channel.confirm_delivery()
    for _ in range(3):
        channel.basic_publish("", "jobs", b"job")

    counts = count_by_management(rabbitmq.management_url, rabbitmq.url)

    connection.close()
    assert counts == {"jobs": QueueCount(3, 0, 0), "idle": QueueCount(0, 0, 1)}
