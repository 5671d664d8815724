"""Filling a queue, and seeing how fast it is emptied."""

import time
from collections.abc import Callable
from typing import Any

from shared.ids import new_id
from shared.messaging.envelope import Envelope
from shared.messaging.publisher import Publisher
from shared.messaging.receipts import Publication
from tests.benchmarks.actors import QUEUE
from tests.benchmarks.contracts import WriteRow
from tests.benchmarks.servers import Servers

LOOK_SECONDS = 0.02
PRELOAD_BATCH = 2_000


def depth(channel: Any, queue: str) -> int:
    """Messages that wait in a queue; those that a worker holds are not among them."""
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def preload(servers: Servers, count: int) -> None:
    """Put `count` jobs into our queue, as the relay would."""
    publisher = Publisher(servers.rabbitmq.url, "bench-preload")
    publisher.start()
    try:
        publisher.wait_up(10)
        for first in range(0, count, PRELOAD_BATCH):
            batch = range(first, min(first + PRELOAD_BATCH, count))
            receipt = publisher.publish([Publication("", QUEUE, _body(number)) for number in batch])
            receipt.wait(30)
            if len(receipt.confirmed) != len(batch):
                raise RuntimeError("the broker did not confirm what was to be measured with")
    finally:
        publisher.stop()


def _body(number: int) -> bytes:
    return Envelope(WriteRow.kind, {"number": number}, new_id(), queue=QUEUE).encode()


def drain_rate(channel: Any, queue: str, count: int, seconds: float = 90.0) -> float:
    """Messages a second that leave a queue of `count`, from when a tenth is gone until a twentieth is left.

    The queue is asked, not the workers: it is the same question for every rival. What workers have fetched and not yet
    done is as much at the beginning as at the end.
    """
    begun = _wait(lambda: depth(channel, queue), lambda left: left <= count * 0.9, seconds)
    ended = _wait(lambda: depth(channel, queue), lambda left: left <= count * 0.05, seconds)
    return (begun[0] - ended[0]) / (ended[1] - begun[1])


def _wait(look: Callable[[], int], good: Callable[[int], bool], seconds: float) -> tuple[int, float]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = look()
        if good(value):
            return value, time.monotonic()
        time.sleep(LOOK_SECONDS)
    raise RuntimeError(f"no end after {seconds} s, {look()} messages are left")


def wait_count(servers: Servers, table: str, count: int, seconds: float = 60.0) -> None:
    """Wait until every job has committed its row. Raises RuntimeError where one is missing or there twice."""
    left = _wait(lambda: servers.count(table), lambda rows: rows >= count, seconds)[0]
    if left != count:
        raise RuntimeError(f"{left} rows in {table} for {count} jobs")
