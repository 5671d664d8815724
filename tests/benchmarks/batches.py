"""The members of a batch beside the same jobs alone: from the publishing transaction to the last job, relay and two workers.

BATCH_MEMBERS says how many; 10,000 is the full size.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from shared.database.session import UnitOfWork, unit_of_work
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.outbox import publish_all
from tests.benchmarks.contracts import WriteRow
from tests.benchmarks.figures import Figure, Promise, Result, ratio
from tests.benchmarks.servers import THREADS, Servers, module

PART = "jobs a second, published at once, relay and two worker processes"
MEMBERS = 3_000
ALLOWED = 1.5
LOOK_SECONDS = 0.02


def seconds(servers: Servers, work: UnitOfWork, publish: Callable[[Session], object], ended: str) -> float:
    """How long it takes until the query `ended` gives true."""
    begun = time.monotonic()
    with work() as session:
        publish(session)
    while not servers.query(ended)[0][0]:
        if time.monotonic() - begun > 120:
            raise RuntimeError("no end after 120 s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - begun


@contextmanager
def processes(servers: Servers) -> Iterator[UnitOfWork]:
    """A relay and two workers that have handled a first job, and a unit of work to publish with."""
    engine = servers.engine("bench")
    work = unit_of_work(engine)
    worker = module("tests.benchmarks.worker", "--threads", str(THREADS))
    with servers.running(module("services.relay"), service="relay"), servers.running(worker, worker):
        first = [WriteRow(number=-1) for _ in range(200)]
        seconds(servers, work, lambda session: publish_all(session, first), _rows(200))
        yield work
    engine.dispose()


def _rows(count: int) -> str:
    return f"SELECT count(*) >= {count} FROM bench.work"


def measure(servers: Servers, rounds: int) -> Result:
    """Both once a round, in turn."""
    count = int(os.environ.get("BATCH_MEMBERS", MEMBERS))
    jobs = [WriteRow(number=number) for number in range(count)]
    rates: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name in ("alone", "batch"):
            servers.clear()
            servers.query("TRUNCATE messaging.batch, messaging.batch_shard, messaging.batch_failure")
            with processes(servers) as work:
                if name == "alone":
                    taken = seconds(servers, work, lambda session: publish_all(session, jobs), _rows(200 + count))
                else:
                    batch = Batch("bench", jobs, finally_=WriteRow(number=-2))
                    # The callback is one job more, and the last.
                    ended = f"{_rows(200 + count + 1)}"
                    taken = seconds(servers, work, lambda session: publish_batch(session, batch), ended)  # noqa: B023 - used now
                rates[name].append(count / taken)
    figures = {
        "alone": Figure(PART, f"{count:,} jobs alone", "jobs/s", tuple(rates["alone"])),
        "batch": Figure(PART, "the same as a batch, with its callback", "jobs/s", tuple(rates["batch"])),
    }
    slower = ratio(figures["alone"], figures["batch"])
    text = f"a batch of {count:,} takes {slower:.2f} times as long as the same jobs alone (at most {ALLOWED})"
    return Result(tuple(figures.values()), [Promise(text, ALLOWED / slower)])
