"""A drop-in for Dramatiq's RabbitmqBroker that loses nothing: quorum queues, confirms, a consumer that remembers.

What is not listed in the table of docs/messaging.md behaves as in Dramatiq; its own tests pass on this class.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from weakref import WeakSet

import pika
import pika.exceptions
from dramatiq import Message, Middleware
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.common import current_millis, q_name
from dramatiq.errors import ConnectionClosed

from shared.messaging.broker_connections import connection_parameters
from shared.messaging.consumer import ConsumedMessage, Consumer
from shared.messaging.publisher import Publisher
from shared.messaging.receipts import Publication
from shared.messaging.topology import (
    DUE_EXCHANGE,
    PARK,
    UNROUTABLE,
    dead_letter_queue,
    kept_queue_arguments,
    work_queue_arguments,
)
from shared.messaging.work_queue import StrictWorkQueue

RUNGS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Seconds of the delay ladder for stock actors. A delay is walked down rung by rung, so it is exact to a second."""
CONFIRM_SECONDS = 10.0
NOT_FOUND = 404
_PERSISTENT = pika.BasicProperties(delivery_mode=2)


class Broker(RabbitmqBroker):
    """RabbitmqBroker with Bellhop's topology.

    With `declare=False` it declares nothing and takes only envelopes of Bellhop's shape: that is how services run,
    `make migrate` having declared all. `declare=True` is the drop-in: it declares lazily, as Dramatiq does, but quorum
    queues, and delays travel over a ladder of queues with a time to live instead of waiting in a worker's memory.
    """

    def __init__(
        self,
        *,
        declare: bool = True,
        url: str | list[str] | None = None,
        middleware: list[Middleware] | None = None,
        gate: Callable[[], bool] = lambda: True,
        **options: Any,
    ) -> None:
        options["confirm_delivery"] = True
        options.pop("max_priority", None)
        super().__init__(url=url, middleware=middleware, **options)
        if url is not None:
            self.parameters = [
                connection_parameters(one, "worker") for one in (url.split(";") if isinstance(url, str) else url)
            ]
        self.strict = not declare
        self.is_stopping = False
        self.may_consume = gate
        self._url = url if isinstance(url, str) else ""
        self.prefetches: dict[str, int] = {}
        """By queue; where it says nothing, whoever consumes decides."""
        self.turns: StrictWorkQueue | None = None
        """Where the queues of a process are served in strict order."""
        self._consumers: WeakSet[Consumer] = WeakSet()
        self._guarded: set[str] = set()
        self._publisher: Publisher | None = None
        self._publisher_lock = Lock()
        self._ladder_declared = False
        self._bound: set[str] = set()

    @property
    def consumer_class(self) -> type[Consumer]:
        return Consumer

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5_000) -> Consumer:
        consumer = super().consume(queue_name, self.prefetches.get(queue_name, prefetch), timeout)
        assert isinstance(consumer, Consumer)
        self._consumers.add(consumer)
        return consumer

    def stop_consuming(self) -> None:
        """The process is ending: every consumer cancels itself, at once."""
        self.is_stopping = True
        for consumer in list(self._consumers):
            consumer.wake()

    def guard(self, actor_name: str) -> None:
        """Acknowledge this actor's messages only once their outcome is committed (`ConsumedMessage.settled`)."""
        self._guarded.add(actor_name)

    def is_guarded(self, actor_name: str) -> bool:
        return actor_name in self._guarded

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        name = q_name(queue_name)
        if name not in self.queues:
            self.emit_before("declare_queue", name)
            self.queues.add(name)
            self.queues_pending.add(name)
            self.emit_after("declare_queue", name)
        if ensure and not self.strict:
            self._ensure_queue(name)

    def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
        return work_queue_arguments(queue_name)

    def _declare_dq_queue(self, queue_name: str) -> Any:  # noqa: ARG002 - the parent's signature
        """There is no `.DQ`. Dramatiq's callers ask its answer for a count, so it says that nothing waits."""
        return _NOTHING_DELAYED

    def _declare_xq_queue(self, queue_name: str) -> Any:
        return self.channel.queue_declare(
            queue=dead_letter_queue(queue_name), durable=True, arguments=kept_queue_arguments()
        )

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """As Dramatiq's, with a confirm. `delay` is in milliseconds. Raises ConnectionClosed."""
        if delay is None:
            return super().enqueue(message)
        if self.strict:
            raise NotImplementedError("a delay is a row in messaging.scheduled: publish(session, message, due=…)")
        message = message.copy(options={"eta": current_millis() + delay})
        self.emit_before("enqueue", message, delay)
        self.delay(message, delay / 1000)
        self.emit_after("enqueue", message, delay)
        return message

    def delay(self, message: Message[Any], seconds: float) -> None:
        """Put a message on the highest rung that is not longer than `seconds`; below the lowest, into its queue."""
        rung = max((rung for rung in RUNGS if rung <= seconds), default=0)
        for last in (False, True):
            try:
                self.declare_queue(message.queue_name, ensure=True)
                self._declare_ladder()
                self._bind_to_ladder(message.queue_name)
                exchange = f"bellhop.ladder.{rung}s" if rung else ""
                self.channel.basic_publish(exchange, message.queue_name, message.encode(), _PERSISTENT, mandatory=True)
            except (pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError) as error:
                del self.connection
                self._ladder_declared = False
                self._bound.clear()
                if (
                    isinstance(error, pika.exceptions.UnroutableError)
                    or getattr(error, "reply_code", None) == NOT_FOUND
                ):
                    self.queues_pending.add(message.queue_name)
                if last:
                    raise ConnectionClosed(error) from None
            else:
                return

    def _declare_ladder(self) -> None:
        if self._ladder_declared:
            return
        self._declare_way_down()
        for rung in RUNGS:
            name = f"bellhop.ladder.{rung}s"
            arguments = {
                **kept_queue_arguments(),
                "x-message-ttl": rung * 1000,
                "x-dead-letter-exchange": DUE_EXCHANGE,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            }
            self.channel.exchange_declare(name, "fanout", durable=True)
            self.channel.queue_declare(name, durable=True, arguments=arguments)
            self.channel.queue_bind(name, name)
        self._ladder_declared = True

    def _declare_way_down(self) -> None:
        """From a rung to a queue: through the exchange behind which what has no queue any more is kept, as for what was
        parked. Without it such a message stays where it is, and so does everything behind it on its rung.
        """
        self.channel.exchange_declare(UNROUTABLE, "fanout", durable=True)
        self.channel.queue_declare(UNROUTABLE, durable=True, arguments=kept_queue_arguments())
        self.channel.queue_bind(UNROUTABLE, UNROUTABLE)
        arguments = {"alternate-exchange": UNROUTABLE}
        self.channel.exchange_declare(DUE_EXCHANGE, "direct", durable=True, arguments=arguments)

    def _bind_to_ladder(self, queue: str) -> None:
        if queue not in self._bound:
            self.channel.queue_bind(queue, DUE_EXCHANGE, queue)
            self._bound.add(queue)

    def hand_back(self, messages: Sequence[ConsumedMessage]) -> list[ConsumedMessage]:
        """Publish messages to their own queues again. Returns those that are confirmed; the others stay unacknowledged."""
        return self._confirmed(messages, [Publication("", one.queue_name, one.encode()) for one in messages])

    def park(self, messages: Sequence[ConsumedMessage]) -> list[ConsumedMessage]:
        """Put messages into the park queue, which gives them back to their queues after 30 s. Returns the confirmed."""
        return self._confirmed(messages, [Publication(PARK, one.queue_name, one.encode()) for one in messages])

    def _confirmed(
        self, messages: Sequence[ConsumedMessage], publications: Sequence[Publication]
    ) -> list[ConsumedMessage]:
        with self._publisher_lock:
            if self._publisher is None:
                self._publisher = Publisher(self._url, "bellhop-hand-back")
                self._publisher.start()
        self._publisher.wait_up(CONFIRM_SECONDS)
        receipt = self._publisher.publish(publications)
        receipt.wait(CONFIRM_SECONDS)
        return [messages[index] for index in sorted(receipt.confirmed - receipt.returned)]

    def close(self) -> None:
        if self._publisher is not None:
            self._publisher.stop()
        super().close()


class _NothingDelayed:
    message_count = 0

    @property
    def method(self) -> "_NothingDelayed":
        return self


_NOTHING_DELAYED = _NothingDelayed()
