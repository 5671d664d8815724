"""Queues without a leader: found by asking them, since declares succeed and the management API calls them running."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions
from pika.adapters.select_connection import SelectConnection

from shared.database.connections import connect
from shared.messaging.broker_connections import connection_parameters, open_connection
from shared.messaging.closing import hang_up
from shared.messaging.topology import Subscription, Topology, bind, declare_exchanges, topology_of

ANSWER_SECONDS = 5.0
SETTLE_SECONDS = 5.0
FORGET_SECONDS = 1.0
"""A quorum queue that is deleted and at once declared again keeps its consumers without their knowing: what they are
given never reaches them. In between they are cancelled, and consume again."""

REPAIR_LOCK = 0x7265706169720001
"""Advisory lock of PostgreSQL, held while queues are missing because they are made anew: a command that comes back from
RabbitMQ meanwhile is not one that nobody will ever take."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What `repair` did: queues that it recreated, bindings and queues that it declared, outbox rows it set free."""

    recreated: tuple[str, ...]
    checked: int
    released: int


def queues_without_answer(rabbitmq_url: str, queues: Iterable[str], seconds: float = ANSWER_SECONDS) -> list[str]:
    """The queues among these that give no answer to a `basic.get` in time. One channel each, all at once.

    A queue that is not there has no leader either. A message that comes is given back at once. Raises pika's
    AMQPConnectionError if the broker itself does not answer.
    """
    return _Asking(rabbitmq_url, list(queues), seconds).run()


class _Asking:
    def __init__(self, rabbitmq_url: str, queues: Sequence[str], seconds: float) -> None:
        self.silent = dict.fromkeys(queues)
        self.waiting = len(self.silent)
        self.seconds = seconds
        self.asked = False
        self.connection = SelectConnection(
            connection_parameters(rabbitmq_url, "repair"),
            on_open_callback=self._on_open,
            on_open_error_callback=lambda connection, _: connection.ioloop.stop(),
            on_close_callback=lambda connection, _: connection.ioloop.stop(),
        )

    def run(self) -> list[str]:
        try:
            self.connection.ioloop.start()
        finally:
            self.connection.ioloop.close()
        if not self.asked:
            # A broker that went away says nothing about its queues: none of them may be taken for dead.
            raise pika.exceptions.AMQPConnectionError("RabbitMQ went away while its queues were asked")
        return list(self.silent)

    def _on_open(self, connection: Any) -> None:
        if not self.silent:
            self._give_up()
        for queue in list(self.silent):
            connection.channel(on_open_callback=lambda channel, queue=queue: self._ask(channel, queue))
        connection.ioloop.call_later(self.seconds, self._give_up)

    def _ask(self, channel: Any, queue: str) -> None:
        channel.add_on_close_callback(lambda *_: self._done())
        channel.add_callback(lambda _: self._answered(queue), [pika.spec.Basic.GetEmpty])

        def got(channel: Any, method: Any, *_: Any) -> None:
            channel.basic_nack(method.delivery_tag, requeue=True)
            self._answered(queue)

        channel.basic_get(queue, got)

    def _answered(self, queue: str) -> None:
        if queue in self.silent:
            del self.silent[queue]
            self._done()

    def _done(self) -> None:
        self.waiting -= 1
        if self.waiting == 0:
            self._give_up()

    def _give_up(self) -> None:
        if self.connection.is_open:
            self.asked = True
            hang_up(self.connection)


def repair(
    database_url: str,
    rabbitmq_url: str,
    *,
    settle: Callable[[float], None] = time.sleep,
    seconds: float = ANSWER_SECONDS,
) -> Repaired:
    """Delete and recreate every queue that gives no answer, declare exchanges and bindings again, and let what waits in
    the outbox go at once.

    What a queue without a leader was sent was never confirmed, so it lies in the outbox still: nothing is lost by
    deleting the queue. What comes back to a relay while it is deleted waits too: that is what the lock says.
    """
    with connect(database_url, "repair") as database:
        rows = database.execute(
            "SELECT service, kind, queue, is_event, on_failure FROM messaging.subscription"
        ).fetchall()
        topology = topology_of(Subscription(*row) for row in rows)
        silent = queues_without_answer(rabbitmq_url, topology.queues, seconds)
        database.execute("SELECT pg_advisory_lock(%s)", (REPAIR_LOCK,))
        _make_anew(rabbitmq_url, topology, silent, settle)
        database.execute("SELECT pg_advisory_unlock(%s)", (REPAIR_LOCK,))
        released = database.execute(
            "UPDATE messaging.outbox SET not_before = clock_timestamp() WHERE not_before IS NOT NULL"
        )
    return Repaired(tuple(silent), len(topology.queues), released.rowcount)


def _make_anew(rabbitmq_url: str, topology: Topology, silent: Sequence[str], settle: Callable[[float], None]) -> None:
    connection = open_connection(rabbitmq_url, "repair")
    try:
        channel = connection.channel()
        for queue in silent:
            channel.queue_delete(queue)
        if silent:
            settle(FORGET_SECONDS)
        declare_exchanges(channel, topology)
        for queue in silent:
            channel.queue_declare(queue, durable=True, arguments=dict(topology.queues[queue]))
        bind(channel, topology)
    finally:
        connection.close()
    if silent:
        settle(SETTLE_SECONDS)
