"""Stock Dramatiq with one actor that does nothing. The worker is Dramatiq's own command line.

`python -m tests.benchmarks.rivals.stock_dramatiq COUNT [confirm]` sends COUNT messages and prints how many a second.
"""

import sys
import time
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.benchmarks.rivals.settings import DRAMATIQ_QUEUE, PADDING, rabbitmq_url


def set_up(*, confirm: bool = False) -> Any:
    """A broker with Dramatiq's defaults, and the actor."""
    dramatiq.set_broker(RabbitmqBroker(url=rabbitmq_url(), confirm_delivery=confirm))
    return dramatiq.actor(queue_name=DRAMATIQ_QUEUE)(nothing)


def nothing(number: int, padding: str) -> None:
    """The job."""


def main(count: int, *, confirm: bool) -> None:
    actor = set_up(confirm=confirm)
    actor.send(0, PADDING)
    begun = time.perf_counter()
    for number in range(1, count):
        actor.send(number, PADDING)
    print((count - 1) / (time.perf_counter() - begun))
    dramatiq.get_broker().close()


if __name__ == "__main__":
    main(int(sys.argv[1]), confirm="confirm" in sys.argv[2:])
