"""`RABBITMQ_URL=memory://`: look around without RabbitMQ. Dramatiq's stub broker for each service, and a small fan-out.

The outbox, the inbox and the relay are the real ones, so nothing is lost on the way to a queue; but the queues are this
process's memory: what lies in them when it ends is lost, and comes back only where its row was not confirmed.
"""

from collections.abc import Sequence
from typing import Any

from dramatiq import Message, Middleware
from dramatiq.broker import MessageProxy
from dramatiq.brokers.stub import StubBroker, _StubConsumer

from shared.messaging.receipts import Publication, Receipt
from shared.messaging.topology import Subscription
from shared.messaging.work_queue import StrictWorkQueue

SCHEME = "memory://"
LOOK_MILLISECONDS = 200
"""A stub queue wakes nobody: whoever waits for it looks around so often."""


class MemoryMessage(MessageProxy):
    """A message of a stub queue, with what Bellhop's worker asks of one."""

    redelivered = False

    def __init__(self, message: Message[Any]) -> None:
        super().__init__(message)
        self.settled = False


class MemoryConsumer(_StubConsumer):
    """Hands messages out; what was not settled goes back to its queue."""

    is_connected = True

    def __next__(self) -> MemoryMessage | None:
        taken = super().__next__()
        return None if taken is None else MemoryMessage(taken._message)  # noqa: SLF001 - the proxy's only way

    def ack(self, message: Any) -> None:
        if not message.settled:
            self.queue.put(message.encode())
        super().ack(message)


class MemoryBroker(StubBroker):
    """One service's broker in memory. It has the interface of `shared.messaging.broker.Broker` that a worker uses."""

    def __init__(self, middleware: list[Middleware]) -> None:
        super().__init__(middleware)
        self.is_stopping = False
        self.prefetches: dict[str, int] = {}
        self.turns: StrictWorkQueue | None = None

    def declare_queue(self, queue_name: str) -> None:
        super().declare_queue(queue_name)
        self.delay_queues.clear()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> MemoryConsumer:
        timeout = min(timeout, LOOK_MILLISECONDS)
        return MemoryConsumer(self.queues[queue_name], self.dead_letters_by_queue[queue_name], prefetch, timeout)

    def stop_consuming(self) -> None:
        """The process is ending."""
        self.is_stopping = True

    def guard(self, actor_name: str) -> None:
        """Every message is guarded here."""

    def hand_back(self, messages: Sequence[Any]) -> list[Any]:
        """Put messages into their queues again."""
        for message in messages:
            self.queues[message.queue_name].put(message.encode())
        return list(messages)

    park = hand_back

    def put(self, queue: str, body: bytes) -> bool:
        """Put a body into a queue. False if this service has no such queue."""
        if queue not in self.queues:
            return False
        self.queues[queue].put(Message.decode(body).copy(queue_name=queue).encode())
        return True


class MemoryPublisher:
    """Publishes into the brokers of one process: a command to its queue, an event to every queue that hears it."""

    is_up = True
    is_alive = True
    connections = 1

    def __init__(self, brokers: Sequence[MemoryBroker], subscriptions: Sequence[Subscription]) -> None:
        self._brokers = brokers
        self._subscriptions = subscriptions

    def start(self) -> None:
        """Nothing to connect to."""

    def stop(self) -> None:
        """Nothing to close."""

    def wait_up(self, seconds: float) -> bool:  # noqa: ARG002 - the interface of Publisher
        return True

    def close_lane(self, lane: str) -> None:
        """There are no channels."""

    def publish(self, publications: Sequence[Publication], lane: str = "main") -> Receipt:  # noqa: ARG002 - as Publisher's
        receipt = Receipt(publications)
        for index, publication in enumerate(publications):
            delivered = [self._put(queue, publication.body) for queue in self._queues(publication)]
            if not any(delivered):
                receipt.answer("returned", [index])
            receipt.answer("confirmed", [index])
        return receipt

    def _queues(self, publication: Publication) -> set[str]:
        if not publication.exchange:
            return {publication.routing_key}
        return {one.queue for one in self._subscriptions if one.is_event and one.kind == publication.routing_key}

    def _put(self, queue: str, body: bytes) -> bool:
        return any(broker.put(queue, body) for broker in self._brokers)
