"""RabbitMQ's dead letters, moved to PostgreSQL with their reason.

One connection, one channel for each queue: a queue without a leader hangs whoever consumes from it, and must hang only
its own channel. While PostgreSQL is away nothing is consumed: the letters stay where they are.
"""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pika.exceptions
import psycopg
import structlog
from dramatiq import Message
from pika.adapters.select_connection import SelectConnection

from services.relay.repository import Connection
from services.relay.returned import Fate, end, parse
from services.relay.routes import Routes
from shared.errors import PermanentError
from shared.messaging.broker_connections import connection_parameters
from shared.messaging.closing import hang_up
from shared.messaging.envelope import MalformedEnvelopeError
from shared.messaging.envelope_checks import check_shape, check_strictly
from shared.messaging.topology import UNROUTABLE, dead_letter_queue

PREFETCH = 20
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
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dead-letters", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

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
            except (psycopg.Error, pika.exceptions.AMQPError, OSError, AssertionError) as error:
                # pika asserts where a connection is closed in the middle of its handshake, as a stop may do.
                tell("dead letters wait", error=repr(error))
                tell = log.debug
            self._stopping.wait(RECONNECT_SECONDS)

    def _consume(self) -> None:
        """Consume until the connection or the database goes away: then all that is unacknowledged goes back."""
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
        fate = fate_of(queue, method.routing_key, properties.headers or {}, body)
        try:
            try:
                self._record(fate)
            except (psycopg.DataError, PermanentError) as error:
                # Something in it cannot be written. The next letters must not wait behind it for ever.
                log.warning("dead letter is kept as bytes only", queue=queue, error=repr(error))
                self._record(Fate(fate.queue, fate.reason, fate.error, body, None, None, fate.failed_id))
        except psycopg.Error as error:
            log.warning("dead letters wait for the database", error=repr(error))
            self._connection.close()
            return
        channel.basic_ack(method.delivery_tag)

    def _record(self, fate: Fate) -> None:
        assert self._database is not None
        with self._database.transaction():
            end(self._database, self._routes, fate)


def fate_of(queue: str, routing_key: str, headers: dict[str, Any], body: bytes) -> Fate:
    """Why a message lies in a dead-letter queue. RabbitMQ says how it left its queue; its body says the rest."""
    death: dict[str, Any] = next(iter(headers.get("x-death") or ()), {})
    origin = routing_key if queue == UNROUTABLE else str(death.get("queue") or queue.removesuffix(".XQ"))
    parsed, fault = parse(body)
    how = str(death.get("reason", "unknown"))
    if queue == UNROUTABLE:
        reason, error = "unroutable", f"parked, and its queue {origin} was not there when its time came"
    elif parsed is None:
        reason, error = "malformed", fault
    elif how == "delivery_limit":
        reason, error = "delivery_limit", f"{origin} gave it out more often than its delivery limit allows"
    else:
        reason, error = _rejected(parsed, origin, len(body))
    # The same letter, given out again because its acknowledgement was lost, must be the same failed job.
    identity = f"{queue}\n{death.get('time')}\n".encode() + body
    failed_id = UUID(bytes=hashlib.blake2b(identity, digest_size=16).digest())
    return Fate(origin, reason, error, body, parsed, _plain(headers), failed_id)


def _rejected(parsed: dict[str, Any], origin: str, size: int) -> tuple[str, str]:
    try:
        message: Message[Any] = Message(**{**parsed, "args": tuple(parsed["args"])})
        check_shape(message)
        check_strictly(message, size)
    except MalformedEnvelopeError as error:
        return "malformed", str(error)
    return "unknown_kind", f"no actor hears {parsed['actor_name']} on {origin}"


def _plain(value: Any) -> Any:
    """AMQP headers as JSON."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
