"""RabbitMQ's dead letters, moved to PostgreSQL with their reason.

One connection, one channel for each queue: a queue without a leader hangs whoever consumes from it, and must hang only
its own channel. While PostgreSQL is away nothing is consumed: the letters stay where they are.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pika.exceptions
import psycopg
import structlog
from pika.adapters.select_connection import SelectConnection

from services.relay.fates import Letter
from services.relay.letters import record_letter
from services.relay.repository import Connection
from services.relay.routes import Routes
from shared.messaging.broker_connections import connection_parameters
from shared.messaging.closing import hang_up
from shared.messaging.gate import DatabaseAwayError
from shared.messaging.topology import UNROUTABLE, dead_letter_queue

PREFETCH = 100
"""Letters of a queue that are given out at a time. Those that cannot be recorded at all stay unacknowledged, so that they
are safe with RabbitMQ, and take one of these places each; `/readyz` says how many there are.
"""
TRY_AGAIN_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
LISTEN_AGAIN_SECONDS = 2.0
LOOK_SECONDS = 1.0

log = structlog.get_logger("bellhop.relay")


class DeadLetters:
    """Consumes every dead-letter queue and the unroutable queue, in a thread of its own."""

    def __init__(self, rabbitmq_url: str, connect: Callable[[], Connection], routes: Routes) -> None:
        self._parameters = connection_parameters(rabbitmq_url, "relay-dead-letters")
        self._connect, self._routes = connect, routes
        self._database: Connection | None = None
        self._connection: Any = None
        self._listening: set[str] = set()
        self._aside: list[tuple[Letter, Any, int]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dead-letters", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def set_aside(self) -> int:
        """How many letters cannot be recorded. They are tried again every few seconds."""
        return len(self._aside)

    def stop(self) -> None:
        self._stopping.set()
        if self._connection is not None:
            try:
                self._connection.ioloop.add_callback_threadsafe(self._connection.ioloop.stop)
            except (RuntimeError, AttributeError, OSError):
                log.debug("dead letters were already closed")
        self._thread.join(5)

    def _run(self) -> None:
        tell = log.warning
        while not self._stopping.is_set():
            if not self._routes.subscriptions:  # nobody has said yet which queues there are
                self._stopping.wait(0.1)
                continue
            try:
                with self._connect() as self._database:
                    tell = log.warning
                    self._consume()
            except (psycopg.Error, DatabaseAwayError, pika.exceptions.AMQPError, OSError, AssertionError) as error:
                # pika asserts where a connection is closed in the middle of its handshake, as a stop may do.
                tell("dead letters wait", error=repr(error))
                tell = log.debug
            self._stopping.wait(RECONNECT_SECONDS)

    def _consume(self) -> None:
        """Consume until the connection or the database goes away: then all that is unacknowledged goes back."""
        self._aside = []
        self._connection = SelectConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=lambda connection, _: connection.ioloop.stop(),
            on_close_callback=lambda connection, _: connection.ioloop.stop(),
        )
        try:
            self._connection.ioloop.start()
        finally:
            if not self._connection.is_closed:
                hang_up(self._connection)
                self._connection.ioloop.start()
            self._connection.ioloop.close()

    def _on_open(self, connection: Any) -> None:
        queues = {one.queue for one in self._routes.subscriptions}
        for name in [*(dead_letter_queue(queue) for queue in sorted(queues)), UNROUTABLE]:
            self._listen(connection, name)
        self._listening = queues
        connection.ioloop.call_later(LOOK_SECONDS, self._look_for_new_queues)
        connection.ioloop.call_later(TRY_AGAIN_SECONDS, self._try_aside_again)

    def _look_for_new_queues(self) -> None:
        """Start anew when `migrate` declared queues since."""
        if {one.queue for one in self._routes.subscriptions} != self._listening:
            self._connection.close()
        else:
            self._connection.ioloop.call_later(LOOK_SECONDS, self._look_for_new_queues)

    def _listen(self, connection: Any, queue: str) -> None:
        """Consume a queue, on a channel of its own, and again whenever it ends: a queue that was deleted comes back."""

        def opened(channel: Any) -> None:
            channel.add_on_cancel_callback(lambda _: channel.close())
            channel.add_on_close_callback(lambda *_: connection.ioloop.call_later(LISTEN_AGAIN_SECONDS, again))
            channel.basic_qos(prefetch_count=PREFETCH)
            channel.basic_consume(queue, on_message_callback=partial(self._keep, queue))

        def again() -> None:
            if connection.is_open:
                self._listen(connection, queue)

        connection.channel(on_open_callback=opened)

    def _keep(self, queue: str, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        letter = Letter(queue, method.routing_key, properties.headers, body)
        if self._recorded(letter):
            channel.basic_ack(method.delivery_tag)
            return
        log.error("dead letter set aside", queue=queue, bytes=len(body), set_aside=self.set_aside + 1)
        self._aside.append((letter, channel, method.delivery_tag))

    def _recorded(self, letter: Letter) -> bool:
        assert self._database is not None
        try:
            return record_letter(self._database, self._routes, letter)
        except DatabaseAwayError as error:
            log.warning("dead letters wait for the database", error=repr(error.__cause__))
            self._connection.close()
            raise

    def _try_aside_again(self) -> None:
        """What was set aside may have a place since: a release that was half deployed, a lock that was held."""
        if self._connection.is_open:
            aside, self._aside = self._aside, []
            for letter, channel, tag in aside:
                if not channel.is_open:
                    continue  # RabbitMQ gives it out again
                if self._recorded(letter):
                    channel.basic_ack(tag)
                else:
                    self._aside.append((letter, channel, tag))
            self._connection.ioloop.call_later(TRY_AGAIN_SECONDS, self._try_aside_again)
