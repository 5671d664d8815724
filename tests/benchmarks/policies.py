"""What limits cost, and whether they let through what they allow: beside the time that the limit itself asks for.

LIMITED_JOBS says how many jobs meet a limit of a tenth of them a second; 10,000 at 100 a second is
`LIMITED_JOBS=10000 LIMITED_RATE=100`. As a process (`python -m tests.benchmarks.policies`) it is the limited worker.
"""

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.ticketing import actors as ticketing
from shared.contracts.message import Command
from shared.database.session import unit_of_work
from shared.ids import new_id
from shared.messaging.actor import actor, declarations_in
from shared.messaging.delivery import Delivery
from shared.messaging.gate import Gate
from shared.messaging.middleware import (
    CircuitBreaker,
    JobMiddleware,
    RateLimited,
    SkipIf,
    TokenBucket,
    WithoutOverlapping,
)
from shared.messaging.outbox import publish_all
from shared.messaging.runner import Runner
from shared.messaging.setup import set_up_messaging
from shared.messaging.time_limits import TimeLimits
from shared.messaging.worker import run_worker
from shared.metrics import Metrics
from tests.benchmarks import actors
from tests.benchmarks.figures import Figure, Promise, Result
from tests.benchmarks.servers import THREADS, Servers, module

COST_PART = "microseconds that a policy adds to a job, one thread"
LIMIT_PART = "jobs against a limit, relay and two worker processes"
JOBS, RATE = int(os.environ.get("LIMITED_JOBS", "2000")), int(os.environ.get("LIMITED_RATE", "200"))
COST_JOBS = 200
ALLOWED = 1.05
QUEUE = "bench.limited"
STAMP = text("INSERT INTO bench.stamp (number, seconds) VALUES (:number, extract(epoch FROM clock_timestamp()))")
TICKS = os.sysconf("SC_CLK_TCK")


class LimitedRow(Command):
    """Write when it was worked on."""

    kind: ClassVar[str] = "bench.row.limited"
    number: int


@actor(LimitedRow, queue=QUEUE, middleware=[RateLimited("bench", RATE, per=1.0)])
def limited_row(message: LimitedRow, session: Session, _dependencies: Any) -> None:
    session.execute(STAMP, {"number": message.number})


POLICIES: dict[str, JobMiddleware] = {
    "SkipIf": SkipIf(lambda _: False),
    "RateLimited": RateLimited("bench", 1_000_000),
    "TokenBucket": TokenBucket("bench", rate=1_000_000, burst=1_000_000),
    "WithoutOverlapping": WithoutOverlapping("bench-{number}"),
    "CircuitBreaker": CircuitBreaker("bench"),
}


def microseconds(servers: Servers, *middleware: JobMiddleware) -> float:
    """A job with this policy, run without a broker: its admission is a transaction of its own."""
    engine = servers.engine("bench")
    runner = Runner("bench", engine, None, Gate(lambda: None), TimeLimits(), Metrics("bench"))
    declaration = actor(LimitedRow, queue=QUEUE, middleware=middleware)(lambda *_: None)
    spent = []
    for number in range(COST_JOBS):
        delivery = Delivery("bench", QUEUE, LimitedRow.kind, new_id(), 1, {"number": number}, {"turn": 1}, False, 0.0)
        begun = time.perf_counter()
        runner.run(declaration, delivery)
        spent.append(time.perf_counter() - begun)
    engine.dispose()
    return statistics.median(spent) * 1e6


def limited(servers: Servers) -> tuple[float, float]:
    """(seconds from the first to the last of the jobs, cores that PostgreSQL used meanwhile)."""
    servers.query("TRUNCATE bench.stamp")
    engine = servers.engine("bench")
    worker = module("tests.benchmarks.policies", "--threads", str(THREADS))
    with servers.running(module("services.relay"), service="relay"), servers.running(worker, worker):
        begun, used = time.monotonic(), cpu_seconds(servers)
        with unit_of_work(engine)() as session:
            publish_all(session, [LimitedRow(number=number) for number in range(JOBS)])
        while servers.count("bench.stamp") < JOBS:
            if time.monotonic() - begun > 3 * JOBS / RATE + 30:
                raise RuntimeError(
                    f"{servers.count('bench.stamp')} of {JOBS} jobs after {time.monotonic() - begun:.0f} s"
                )
            time.sleep(0.2)
        cores = (cpu_seconds(servers) - used) / (time.monotonic() - begun)
    engine.dispose()
    ((seconds,),) = servers.query("SELECT max(seconds) - min(seconds) FROM bench.stamp")
    return float(seconds), cores


def cpu_seconds(servers: Servers) -> float:
    """What the server and all its processes, also those that have ended, have used."""
    ((folder,),) = servers.query("SHOW data_directory")
    parent = (Path(folder) / "postmaster.pid").read_text().split()[0]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    ticks = sum(_ticks(parent, 4))
    for child in children:
        try:
            ticks += sum(_ticks(child, 2))
        except OSError:
            continue
    return ticks / TICKS


def _ticks(pid: str, count: int) -> list[int]:
    """Utime and stime of a process; with 4, those of its children that have ended as well (proc(5), fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(value) for value in fields[11 : 11 + count]]


def measure(servers: Servers, rounds: int) -> Result:
    """The costs once a round in turn; the limit once, for it lasts as long as it lasts."""
    declarations = [*declarations_in(actors), *declarations_in(ticketing), limited_row]
    set_up_messaging(servers.postgres.url, servers.rabbitmq.url, declarations)
    bare, costs = [], {name: [] for name in POLICIES}  # type: ignore[var-annotated] # lists of seconds
    for _ in range(rounds):
        bare.append(microseconds(servers))
        for name, one in POLICIES.items():
            costs[name].append(microseconds(servers, one) - bare[-1])
    seconds, cores = limited(servers)
    own = JOBS / RATE
    figures = [
        Figure(COST_PART, "a job without policies", "µs", tuple(bare)),
        *(Figure(COST_PART, name, "µs more", tuple(found)) for name, found in costs.items()),
        Figure(LIMIT_PART, f"{JOBS} jobs at {RATE} a second", "s", (seconds,), digits=2),
        Figure(LIMIT_PART, "PostgreSQL meanwhile", "cores", (cores,), digits=2),
    ]
    told = f"{JOBS} jobs against {RATE} a second: {seconds:.1f} s, {seconds / own:.2f} of the limit's own time (at most 1.05)"
    return Result(figures, [Promise(told, ALLOWED * own / seconds)])


if __name__ == "__main__":
    sys.exit(run_worker("bench", sys.modules[__name__], lambda _: None))
