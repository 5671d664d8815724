"""Asking queues whether they answer: declares succeed on one without a leader, and the management API calls it running."""

from collections.abc import Iterable, Sequence
from typing import Any

import pika
import pika.exceptions
from pika.adapters.select_connection import SelectConnection

from shared.messaging.broker_connections import connection_parameters, open_connection
from shared.messaging.closing import hang_up

ANSWER_SECONDS = 5.0
TICK_SECONDS = 0.25


def queues_without_answer(rabbitmq_url: str, queues: Iterable[str], seconds: float = ANSWER_SECONDS) -> list[str]:
    """The queues among these that give no answer to a `basic.get` in time. One channel each, all at once.

    A queue that is not there has no leader either. A message that comes is given back at once. Raises pika's
    AMQPConnectionError if the broker itself does not answer.
    """
    return _Asking(rabbitmq_url, list(queues), seconds).run()


def queues_not_there(rabbitmq_url: str, queues: Iterable[str]) -> list[str]:
    """The queues among these that RabbitMQ says are not there. A passive declare of such a one closes its channel."""
    missing = []
    connection = open_connection(rabbitmq_url, "repair")
    try:
        for queue in queues:
            channel = connection.channel()
            try:
                channel.queue_declare(queue, passive=True)
                channel.close()
            except pika.exceptions.ChannelClosedByBroker as refused:
                if refused.reply_code != NOT_FOUND:
                    raise
                missing.append(queue)
    finally:
        if connection.is_open:
            connection.close()
    return missing


NOT_FOUND = 404


class _Asking:
    """Time is counted in ticks of its own loop: a machine that was paused and goes on finds one of them over, not all,
    and hears first what came meanwhile.
    """

    def __init__(self, rabbitmq_url: str, queues: Sequence[str], seconds: float) -> None:
        self.silent = dict.fromkeys(queues)
        self.waiting = len(self.silent)
        self.ticks = max(1, round(seconds / TICK_SECONDS))
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
        connection.ioloop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self.ticks -= 1
        if self.ticks <= 0:
            self._give_up()
        else:
            self.connection.ioloop.call_later(TICK_SECONDS, self._tick)

    def _ask(self, channel: Any, queue: str) -> None:
        channel.add_on_close_callback(lambda *_: self._done())
        channel.add_callback(lambda _: self._answered(queue), [pika.spec.Basic.GetEmpty])

        def got(channel: Any, method: Any, *_: Any) -> None:
            if channel.is_open:  # else it came too late, and goes back with the channel
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
