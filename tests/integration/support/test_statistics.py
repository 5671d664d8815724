"""RabbitMQ's own counters are exact."""

from deploy.local.rabbitmq import RabbitMQ
from tests.support.statistics import count_messages
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for


def test_messages_are_counted_as_soon_as_it_happens(rabbitmq: VirtualHost, node: RabbitMQ) -> None:
    """Three were acknowledged at once, two were given out again and are acknowledged then."""
    connection = rabbitmq.connect()
    channel = connection.channel()
    channel.queue_declare("jobs", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    for _ in range(5):
        channel.basic_publish("", "jobs", b"job")
    taken = []
    for method, _, _ in channel.consume("jobs"):
        taken.append(method.delivery_tag)
        if len(taken) == 5:
            break
    for tag in taken[:3]:
        channel.basic_ack(tag)
    for tag in taken[3:]:
        channel.basic_nack(tag)
    again = [method.delivery_tag for _, (method, _, _) in zip(range(2), channel.consume("jobs"), strict=False)]

    wait_for(lambda: count_messages(node, rabbitmq.name, "acked")["jobs"] == 3, what="the acknowledgements")
    wait_for(lambda: count_messages(node, rabbitmq.name, "redelivered")["jobs"] == 2, what="what is given out again")
    given_out_again = count_messages(node, rabbitmq.name, "redelivered")
    channel.basic_ack(again[-1], multiple=True)
    wait_for(lambda: count_messages(node, rabbitmq.name, "acked")["jobs"] == 5, what="the others")
    connection.close()
    assert given_out_again == {"jobs": 2}
