"""From Retell's webhook to the confirmation accepted by the mail server, with providers that answer in 100 ms."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from deploy.local.postgres import Postgres
from deploy.local.providers.client import Calcom
from tests.benchmarks.figures import Figure, Promise, Result
from tests.benchmarks.servers import Servers
from tests.faults.practice import Practice, call, caller, open_practice, workday
from tests.support.databases import Database, Template
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

PART = "Retell's webhook to the confirmation accepted by the mail server"
PROVIDER_SECONDS = 0.1
CALLS = 16
"""Of one round: as many as a day of the practice has slots."""
PAUSE_SECONDS = 0.5
LIMIT_SECONDS = 2.0


def measure(servers: Servers, rounds: int) -> Result:
    """Gateway, relay and the workers run, one process each; a call ends every half a second, each for a slot of its own."""
    rabbitmq, medians, worsts = servers.rabbitmq, [], []
    folder = servers.folder / "practice"
    folder.mkdir()
    with (
        _database(servers) as database,
        VirtualHost.fresh(rabbitmq.url, rabbitmq.management_url) as vhost,
        open_practice(database, vhost, folder) as practice,
    ):
        practice.start()
        practice.calcom.slow("*", PROVIDER_SECONDS)
        practice.retell.slow("*", PROVIDER_SECONDS)
        _round(practice, first=0, day=workday(9, weekday=0))
        for number in range(1, rounds + 1):
            waits = _round(practice, first=number * CALLS, day=workday(9, weekday=number % 5, weeks=2 + number // 5))
            medians.append(statistics.median(waits))
            worsts.append(max(waits))
        _check(practice.calcom, CALLS * (rounds + 1))
    p50, worst = Figure(PART, "median", "s", tuple(medians), 2), Figure(PART, "worst", "s", tuple(worsts), 2)
    text = f"calls: the median is {p50.value:.2f} s (at most {LIMIT_SECONDS:g} s)"
    return Result([p50, worst], [Promise(text, LIMIT_SECONDS / p50.value)])


@contextmanager
def _database(servers: Servers) -> Iterator[Database]:
    """On a server of its own: the roles of the other one have the passwords of the other benchmarks."""
    with Postgres(servers.folder / "postgres-of-calls") as postgres:
        template = Template(postgres.url)
        template.create()
        with template.clone() as database:
            yield database


def _round(practice: Practice, first: int, day: datetime) -> list[float]:
    """Seconds from the moment at which Retell is told that a call has ended to the mail's file."""
    ended: dict[str, float] = {}
    for number in range(CALLS):
        ended[caller(first + number)] = time.time()
        practice.retell.end_call(call(first + number, day + timedelta(minutes=30 * number)))
        time.sleep(PAUSE_SECONDS)
    wait_for(lambda: ended.keys() <= practice.accepted_at().keys(), 60, f"{CALLS} confirmations")
    accepted = practice.accepted_at()
    return [accepted[address] - began for address, began in ended.items()]


def _check(calcom: Calcom, bookings: int) -> None:
    """Fast and wrong would be no figure."""
    standing, violations = len(calcom.standing()), calcom.violations()
    if standing != bookings or violations:
        raise RuntimeError(f"{standing} bookings stand, not {bookings}; violations: {violations[:3]}")
