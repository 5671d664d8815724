"""The consumer that remembers: each message knows the channel it came over, and is answered on that one or not at all.

After a reconnect delivery tags begin again at 1, so a late acknowledgement of stock Dramatiq hits another message,
which is then lost. And stock Dramatiq takes an envelope at its word: a foreign `queue_name` kills worker threads.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any

import pika.exceptions
import pika.frame
from dramatiq import Message
from dramatiq.broker import MessageProxy
from dramatiq.brokers.rabbitmq import _RabbitmqConsumer, _RabbitmqMessage
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed, DecodeError

from shared.messaging.envelope import MalformedEnvelopeError
from shared.messaging.envelope_checks import check_shape, check_strictly
from shared.messaging.turns import LOOK_SECONDS, Turn

if TYPE_CHECKING:
    from shared.messaging.broker import Broker

HELD_MILLISECONDS = 1_000
"""A delay shorter than this may be spent in the memory of a worker, as stock Dramatiq does with all of them."""
FIRST_LOOK_SECONDS = 0.2
"""How long the first look at a queue may take."""
IDLE_SECONDS = 0.2
"""How often a consumer that may take nothing looks whether it may again."""
ARRIVE_SECONDS = 0.5
"""How long the message that an acknowledgement made room for may be on its way."""


class ConsumedMessage(_RabbitmqMessage):
    """A message and where it came from. An actor of Bellhop's sets `settled` once its outcome is committed; without it
    an acknowledgement becomes a return to the queue, so that no unforeseen exception can lose the message.
    """

    def __init__(self, redelivered: bool, tag: int, message: Message[Any], consumer: "Consumer", guarded: bool) -> None:
        super().__init__(redelivered, tag, message)
        self.consumer = consumer
        self.settled = not guarded


class Consumer(_RabbitmqConsumer):
    """A drop-in for Dramatiq's consumer of one queue."""

    broker: "Broker"

    def __init__(self, broker: "Broker", queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, min(timeout, int(FIRST_LOOK_SECONDS * 1000)))
        self._timeout = timeout / 1000
        self._prefetch = prefetch
        self._turn = None if broker.turns is None else Turn(self, broker.turns)
        if self._turn is not None:
            self._timeout = min(self._timeout, LOOK_SECONDS)
        self._cancelled = self._cancel_sent = self._is_leaving = False
        self._done: deque[int] = deque()
        self._told_done = False
        self._acknowledged_at = float("-inf")

    @property
    def is_connected(self) -> bool:
        return bool(self.connection.is_open)

    def __next__(self) -> MessageProxy | None:
        if self.broker.is_stopping and not self._cancelled:
            self._cancel()
        if not (self._may_take() and (self._turn is None or self._cancelled or self._turn.has_come())):
            self._idle()
            return None
        try:
            if not self._wait():
                return None
            method, _, body = next(self.iterator)
        except (AssertionError, pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError) as error:
            if getattr(error, "reply_code", None) == 404:
                self.broker.queues_pending.add(self.queue_name)
            raise ConnectionClosed(error) from None
        if method is None:
            return None
        return self.accept(method, body)

    def accept(self, method: Any, body: bytes) -> ConsumedMessage | None:
        try:
            message = Message.decode(body)
            check_shape(message)
            if self.broker.strict:
                check_strictly(message, len(body))
        except (DecodeError, MalformedEnvelopeError) as error:
            self.logger.warning("Dead-lettered a message of %s: %s", self.queue_name, error)
            self._nack(method.delivery_tag)
            return None
        message = message.copy(queue_name=self.queue_name)
        consumed = ConsumedMessage(
            method.redelivered, method.delivery_tag, message, self, guarded=self.broker.is_guarded(message.actor_name)
        )
        self.known_tags.add(method.delivery_tag)
        if self._hops_on(consumed):
            return None
        return consumed

    def _hops_on(self, consumed: ConsumedMessage) -> bool:
        """A delayed message of a stock actor goes to the next rung of the delay ladder, until its time has come."""
        eta = consumed.options.get("eta")
        if not isinstance(eta, int | float) or eta - current_millis() <= HELD_MILLISECONDS:
            return False
        self.broker.delay(
            consumed._message,  # noqa: SLF001 - the proxy has no other way to its message
            (eta - current_millis()) / 1000,
        )
        self.ack(consumed)
        return True

    def _wait(self) -> bool:
        """Wait for a message, at most the time-out. Whether to ask the iterator for it.

        The iterator's own wait heeds no wake-up; but it begins to consume, and says that RabbitMQ ended that.
        """
        channel, end = self.channel, monotonic() + self._timeout
        while channel._queue_consumer_generator is not None:  # noqa: SLF001 - pika's name for a consumer that is there
            if channel.get_waiting_message_count() or channel._queue_consumer_generator.pending_events:  # noqa: SLF001 - pika tells nowhere else
                return self._may_take()
            left = end - monotonic()
            if left <= 0 or self.broker.is_stopping or not self._may_take():
                return False
            channel._process_data_events(time_limit=left)  # noqa: SLF001 - raises where the channel was closed
        return True

    def wake(self) -> None:
        """Have it look around at once. May be called from any thread."""
        with contextlib.suppress(ConnectionClosed):
            self._answer(lambda: None)

    def _cancel(self) -> None:
        """Have RabbitMQ send no more. What it has sent is taken still, and handed back uncounted: pika's own `cancel`
        would return it to the queue, which counts a delivery.
        """
        self._cancelled = True
        self._cancel_and_flush()

    def cancel_for_now(self) -> None:
        """The same, but it will consume again."""
        self._cancel_and_flush()
        self._cancel_sent = False

    def _cancel_and_flush(self) -> None:
        self._is_leaving = True
        try:
            self._let_arrive()
            self._send_cancel()
            # RabbitMQ answers in order. With the first answer the queue has been told; with the second, all that it had
            # sent until then is here.
            for _ in range(2):
                self.channel.basic_qos(prefetch_count=self._prefetch)
        except (pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError) as error:
            raise ConnectionClosed(error) from None
        finally:
            self._is_leaving = False

    def _let_arrive(self) -> None:
        """Wait for what the last acknowledgements made room for. A message that RabbitMQ's queue sends while its channel
        hears of the cancellation is returned there, and counted.
        """
        end = self._acknowledged_at + ARRIVE_SECONDS
        while self._is_consuming and self._held() < self._prefetch and (left := end - monotonic()) > 0:
            self.channel._process_data_events(time_limit=left)  # noqa: SLF001 - raises where the channel was closed

    def _held(self) -> int:
        """How many messages RabbitMQ has sent and has no acknowledgement of."""
        return len(self.known_tags) + len(self._done) + int(self.channel.get_waiting_message_count())

    @property
    def _is_consuming(self) -> bool:
        return self.channel._queue_consumer_generator is not None and not self._cancel_sent  # noqa: SLF001 - as above

    def _send_cancel(self) -> None:
        """Once, in the thread of the connection; and the acknowledgements that waited for it."""
        if self._is_consuming:
            self._cancel_sent = True
            tag = self.channel._queue_consumer_generator.consumer_tag  # noqa: SLF001 - pika has no cancel without a return
            cancel = pika.spec.Basic.Cancel(consumer_tag=tag, nowait=True)
            self.channel._impl._send_method(cancel)  # noqa: SLF001 - as above
        self._send_acknowledgements()

    def _may_take(self) -> bool:
        """While stopping, what was sent already; otherwise while the gate is open."""
        return self.channel.get_waiting_message_count() > 0 if self._cancelled else self.broker.may_consume()

    def _unlooked_at(self) -> list[ConsumedMessage]:
        """On stop, once nobody iterates any more: what RabbitMQ has sent and nobody has taken."""
        if not (self.broker.is_stopping and self.connection.is_open):
            return []
        if not self._cancelled:
            self._cancel()
        waiting = islice(self.iterator, self.channel.get_waiting_message_count())
        accepted = [self.accept(method, body) for method, _, body in waiting]
        return [message for message in accepted if message is not None]

    def _idle(self) -> None:
        """Take nothing, but keep the connection alive and let acknowledgements out."""
        try:
            self.connection.process_data_events(time_limit=min(self._timeout, IDLE_SECONDS))
        except (AssertionError, pika.exceptions.AMQPError) as error:
            raise ConnectionClosed(error) from None

    def ack(self, message: MessageProxy) -> None:
        if not self._is_mine(message):
            return
        if getattr(message, "settled", True):
            self._acknowledge(message)
        else:
            self.give_back(message)

    def _acknowledge(self, message: Any) -> None:
        """Leave the tag to the connection's thread, which sends all that it finds at once: a callback and a packet for
        each would cost more than a small job's own statement.
        """
        tag = message._tag  # noqa: SLF001 - Dramatiq's name
        if tag not in self.known_tags:
            self.logger.warning("Failed to ack message: not in known tags.")
            return
        self.known_tags.discard(tag)
        self._done.append(tag)
        if not self._told_done:
            self._told_done = True
            self._answer(self._send_acknowledgements)

    def _send_acknowledgements(self) -> None:
        """Not to a queue that would then choose the next message for a consumer that leaves: first the cancellation."""
        self._told_done = False
        if self._is_consuming and (self._is_leaving or self.broker.is_stopping):
            return
        frames = []
        while self._done:
            acknowledgement = pika.spec.Basic.Ack(self._done.popleft())
            frames.append(pika.frame.Method(self.channel.channel_number, acknowledgement).marshal())
        if frames and self.channel.is_open:
            self._acknowledged_at = monotonic()
            packet = b"".join(frames)
            self.connection._impl._output_marshaled_frames([packet])  # noqa: SLF001 - pika sends each by itself

    def nack(self, message: MessageProxy) -> None:
        if self._is_mine(message):
            super().nack(message)

    def give_back(self, message: Any) -> None:
        """Return a message to its queue through RabbitMQ. It counts a delivery: the last means, not the first."""
        tag = message._tag  # noqa: SLF001 - Dramatiq's name
        self.known_tags.discard(tag)
        self._answer(partial(self.channel.basic_nack, tag, requeue=True))

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """On stop: what was taken and not started is published to its queue again and acknowledged, uncounted."""
        if not self.broker.strict:
            return
        mine = [message for message in messages if isinstance(message, ConsumedMessage) and self._is_mine(message)]
        mine += self._unlooked_at()
        if mine:
            for message in self.broker.hand_back(mine):
                message.settled = True
                self.ack(message)

    def close(self) -> None:
        try:
            super().close()
        except ConnectionClosed:
            # The channel was closed already: without this its connection would stay open until it is collected.
            if self.connection.is_open:
                with contextlib.suppress(pika.exceptions.AMQPError):
                    self.connection.close()
            raise

    def _is_mine(self, message: Any) -> bool:
        if getattr(message, "consumer", self) is self:
            return True
        self.logger.info("Dropped the answer to a message of a former channel; it was delivered anew.")
        return False

    def _answer(self, callback: Callable[[], None]) -> None:
        try:
            self.connection.add_callback_threadsafe(callback)
        except (pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError) as error:
            raise ConnectionClosed(error) from None
