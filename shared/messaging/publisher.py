"""Confirmed publishes, many in flight: one connection in a thread of its own, one channel for each lane.

Waiting for each confirm alone gives some thousand messages a second; with hundreds in flight RabbitMQ confirms in
batches. A queue without a leader never confirms, and holds back no confirm but its own if it has its own channel.
"""

import threading
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import pika
import pika.exceptions
import structlog
from pika.adapters.select_connection import SelectConnection

from shared.messaging.broker_connections import connection_parameters
from shared.messaging.closing import hang_up
from shared.messaging.receipts import Publication, Receipt

RECONNECT_SECONDS = 0.5
_PERSISTENT = pika.BasicProperties(delivery_mode=2)


class _Lane:
    """A channel in confirm mode, and what is unanswered on it, in the order of the delivery tags."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.channel: Any = None
        self.ready = False
        self.next_tag = 1
        self.unanswered: dict[int, tuple[Receipt, int]] = {}
        self.waiting: list[tuple[Sequence[Publication], Receipt]] = []


class Publisher:
    """Publishes batches with confirms. Reconnects by itself; batches of a lost connection are `lost`, never resent."""

    def __init__(self, url: str, name: str) -> None:
        self._parameters = connection_parameters(url, name)
        # RabbitMQ reads nothing from who publishes while its memory or disk is short: to hang up would only leave
        # connections behind there, one after the other.
        self._parameters.blocked_connection_timeout = None
        self._connection: Any = None
        self._lock = threading.Lock()
        self._handed_over: dict[int, Receipt] = {}
        self._lanes: dict[str, _Lane] = {}
        self._stopping = threading.Event()
        self._up = threading.Event()
        self.connections = 0
        """How often a connection was made: what was known of the broker before may have changed."""
        self._thread = threading.Thread(target=self._run, name=f"publisher-{name}", daemon=True)
        self._log = structlog.get_logger("bellhop.publisher")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping.set()
        self._in_loop(self._close)
        self._thread.join(5)

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def wait_up(self, seconds: float) -> bool:
        """Wait until the connection is open."""
        return self._up.wait(seconds)

    def publish(self, publications: Sequence[Publication], lane: str = "main") -> Receipt:
        """Hand a batch over. Messages of one lane leave in order; the receipt says what became of each."""
        receipt = Receipt(publications)
        self._handed_over[id(receipt)] = receipt

        def send() -> None:
            self._handed_over.pop(id(receipt), None)
            self._send(lane, publications, receipt)

        if not self._in_loop(send):
            self._handed_over.pop(id(receipt), None)
            receipt.lose()
        return receipt

    def close_lane(self, lane: str) -> None:
        """Close a lane's channel: what is unanswered on it is lost, and the next publish opens a new one."""
        self._in_loop(lambda: self._drop_lane(lane))

    def _in_loop(self, callback: Callable[[], None]) -> bool:
        """Have the publisher's thread call it. False, and nothing is called, while there is no connection."""
        with self._lock:
            if not self._up.is_set():
                return False
            self._connection.ioloop.add_callback_threadsafe(callback)
            return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._connection = SelectConnection(
                self._parameters,
                on_open_callback=lambda _: self._opened(),
                on_open_error_callback=lambda connection, _: connection.ioloop.stop(),
                on_close_callback=lambda connection, _: connection.ioloop.stop(),
            )
            try:
                self._connection.ioloop.start()
            except (pika.exceptions.AMQPError, OSError) as error:
                self._log.warning("publisher lost its connection", error=repr(error))
            finally:
                with self._lock:
                    self._up.clear()
                self._lose_everything()
                self._connection.ioloop.close()
            self._stopping.wait(RECONNECT_SECONDS)

    def _opened(self) -> None:
        self.connections += 1
        self._up.set()
        if self._stopping.is_set():
            self._close()

    def _close(self) -> None:
        if self._connection.is_closed:
            self._connection.ioloop.stop()
        else:
            hang_up(self._connection)

    def _lose_everything(self) -> None:
        """Also what was handed over and never read by the loop that ended."""
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            self._lose_lane(lane)
        handed_over, self._handed_over = self._handed_over, {}
        for receipt in handed_over.values():
            receipt.lose()

    def _lose_lane(self, lane: _Lane, reason: BaseException | None = None) -> None:
        barred = isinstance(reason, pika.exceptions.ChannelClosedByBroker)
        unanswered, lane.unanswered = lane.unanswered, {}
        waiting, lane.waiting = lane.waiting, []
        for receipt in {id(receipt): receipt for receipt, _ in unanswered.values()}.values():
            receipt.lose(barred=barred)
        for _, receipt in waiting:
            receipt.lose()

    def _send(self, name: str, publications: Sequence[Publication], receipt: Receipt) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = self._open_lane(name)
        if not lane.ready:
            lane.waiting.append((publications, receipt))
            return
        self._write(lane, publications, receipt)

    def _write(self, lane: _Lane, publications: Sequence[Publication], receipt: Receipt) -> None:
        publish, tag = lane.channel.basic_publish, lane.next_tag
        try:
            for index, publication in enumerate(publications):
                lane.unanswered[tag] = (receipt, index)
                publish(publication.exchange, publication.routing_key, publication.body, _PERSISTENT, mandatory=True)
                tag += 1
        except (pika.exceptions.AMQPError, OSError):
            receipt.lose()
        finally:
            lane.next_tag = tag

    def _open_lane(self, name: str) -> _Lane:
        lane = _Lane(name)

        def opened(channel: Any) -> None:
            lane.channel = channel
            channel.add_on_close_callback(lambda _, reason: self._forget(lane, reason))
            channel.add_on_return_callback(lambda _, method, __, body: self._on_return(lane, method, body))
            channel.confirm_delivery(lambda frame: self._on_answer(lane, frame.method), callback=lambda _: ready())

        def ready() -> None:
            lane.ready = True
            waiting, lane.waiting = lane.waiting, []
            for publications, receipt in waiting:
                self._write(lane, publications, receipt)

        self._connection.channel(on_open_callback=opened)
        return lane

    def _forget(self, lane: _Lane, reason: BaseException | None = None) -> None:
        if self._lanes.get(lane.name) is lane:
            del self._lanes[lane.name]
        self._lose_lane(lane, reason)

    def _drop_lane(self, name: str) -> None:
        lane = self._lanes.get(name)
        if lane is None:
            return
        self._forget(lane)
        if lane.channel is not None and lane.channel.is_open:
            lane.channel.close()

    def _on_answer(self, lane: _Lane, method: Any) -> None:
        kind = "confirmed" if isinstance(method, pika.spec.Basic.Ack) else "refused"
        if method.multiple:
            tags = list(takewhile(lambda tag: tag <= method.delivery_tag, lane.unanswered))
        else:
            tags = [method.delivery_tag] if method.delivery_tag in lane.unanswered else []
        by_receipt: dict[int, tuple[Receipt, list[int]]] = {}
        for tag in tags:
            receipt, index = lane.unanswered.pop(tag)
            by_receipt.setdefault(id(receipt), (receipt, []))[1].append(index)
        for receipt, indexes in by_receipt.values():
            receipt.answer(kind, indexes)

    def _on_return(self, lane: _Lane, method: Any, body: bytes) -> None:
        """A message that no queue took. It is confirmed as well, right after; the mark is set first."""
        for receipt, index in lane.unanswered.values():
            if index not in receipt.returned and _is(receipt, index, method, body):
                receipt.answer("returned", [index])
                return


def _is(receipt: Receipt, index: int, method: Any, body: bytes) -> bool:
    publication = receipt.publications[index]
    return bool(publication.routing_key == method.routing_key and publication.body == body)
