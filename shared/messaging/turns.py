"""Strict order among the queues of a process, as the consumer of one of them sees it: when it fetches, and when it gives
back what it fetched (see work_queue).
"""

from itertools import islice
from typing import TYPE_CHECKING, Any

import pika
import pika.exceptions
from dramatiq.errors import ConnectionClosed

from shared.messaging.work_queue import StrictWorkQueue

if TYPE_CHECKING:
    from shared.messaging.consumer import ConsumedMessage, Consumer

LOOK_SECONDS = 0.5
"""How often the consumer of a later queue looks whether what it fetched waits in vain."""


class Turn:
    """Whether it is this queue's turn. Asked by the thread of the connection, before it takes anything."""

    def __init__(self, consumer: "Consumer", work_queue: StrictWorkQueue) -> None:
        self._consumer, self._work_queue, self._name = consumer, work_queue, consumer.queue_name
        self._on_hold = False

    def has_come(self) -> bool:
        """Hand back what waits in vain, and fetch nothing then until a thread would begin with it."""
        if self._consumer.channel._queue_consumer_generator is not None:  # noqa: SLF001 - pika's name for its consumer
            self._work_queue.looked(self._name)
        elif not self._work_queue.may_begin(self._name):
            return False
        if self._on_hold:
            return self._resume()
        if not self._work_queue.waits_in_vain(self._name):
            return True
        self._hold()
        return False

    def _hold(self) -> None:
        """Fetch no more, and publish what was fetched to its queue again, so that no delivery is counted."""
        self._on_hold = True
        self._consumer.cancel_for_now()
        mine: list[Any] = [item.message for item in self._work_queue.take_back(self._name)]
        mine += self._fetched()
        handed_back = self._consumer.broker.hand_back(mine) if mine else []
        for message in handed_back:
            message.settled = True
            self._consumer.ack(message)
        for message in mine:
            if message not in handed_back:
                self._consumer.give_back(message)

    def _fetched(self) -> "list[ConsumedMessage]":
        consumer = self._consumer
        waiting = islice(consumer.iterator, consumer.channel.get_waiting_message_count())
        accepted = [consumer.accept(method, body) for method, _, body in waiting]
        return [message for message in accepted if message is not None]

    def _resume(self) -> bool:
        """Consume again, under the same tag: pika never learnt that it had stopped."""
        if not self._work_queue.has_room(self._name):
            return False
        generator = self._consumer.channel._queue_consumer_generator  # noqa: SLF001 - as above
        consume = pika.spec.Basic.Consume(queue=self._name, consumer_tag=generator.consumer_tag, nowait=True)
        try:
            self._consumer.channel._impl._send_method(consume)  # noqa: SLF001 - as above
        except (pika.exceptions.AMQPConnectionError, pika.exceptions.AMQPChannelError) as error:
            raise ConnectionClosed(error) from None
        self._on_hold = False
        return True
