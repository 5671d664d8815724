"""Database stopped for a time: work pauses and resumes, and nobody is blamed for it."""

import os
import time

import pytest

from tests.faults.account import Account, once
from tests.faults.conftest import Servers
from tests.faults.shop import Shop
from tests.support.processes import Process
from tests.support.statistics import count_messages
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy

BEFORE = range(1, 41)
LOG_LINES_A_SECOND = 4
CPU_SHARE = 0.25
"""What a process that only waits may write and use at most."""


def cpu_seconds(process: Process) -> float:
    """Processor time used so far, user and system (proc(5), fields 14 and 15 of stat)."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - a kernel file
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pause_database(servers: Servers, seconds: float, *processes: Process) -> list[tuple[float, float]]:
    """Stop the database for a time. Returns log lines a second and share of a processor, for each process."""
    servers.postgres.stop()
    # The first two seconds are the shock; what is measured is the waiting.
    deadline = time.monotonic() + 2
    wait_for(lambda: time.monotonic() > deadline, 3)
    before = [(len(process.lines()), cpu_seconds(process)) for process in processes]
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > seconds - 2, seconds)
    lasted = time.monotonic() - began
    after = [(len(process.lines()), cpu_seconds(process)) for process in processes]
    servers.postgres.start()
    pairs = zip(before, after, strict=True)
    return [((lines - lines_0) / lasted, (cpu - cpu_0) / lasted) for (lines_0, cpu_0), (lines, cpu) in pairs]


@pytest.mark.timeout(600)
def test_work_pauses_and_resumes_and_no_delivery_is_counted(own_shop: Shop, servers: Servers) -> None:
    """Stopped for ten seconds in the middle of work: nothing is redelivered, dead-lettered or tried too often."""
    relay, worker = own_shop.relay(), own_shop.worker()
    own_shop.publish(*(MakeToy(number=number, seconds=0.2) for number in BEFORE))
    wait_for(lambda: len(own_shop.effects()) > 10, 30, "some of the work to be done")
    waiting = pause_database(servers, 10, relay, worker)
    own_shop.wait_for_effects(once(BEFORE), 60)
    node, vhost = servers.rabbitmq, own_shop.vhost.name
    wait_for(lambda: count_messages(node, vhost, "acked").total() >= 3 * len(BEFORE), 20, "all to be acknowledged")
    given_out_again = count_messages(node, vhost, "redelivered").total()

    counted = own_shop.settle(once(BEFORE))

    too_busy = [figures for figures in waiting if figures[0] > LOG_LINES_A_SECOND or figures[1] > CPU_SHARE]
    attempts = own_shop.database.value("SELECT max(attempts) FROM messaging.inbox")
    assert (too_busy, given_out_again, attempts, counted) == ([], 0, 1, Account(once(BEFORE)))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_jobs_that_run_for_a_minute_without_database_are_parked_and_come_back(own_shop: Shop, servers: Servers) -> None:
    """After 60 s the running callables put their messages into the park queue, which returns them after 30 s."""
    relay, worker = own_shop.relay(), own_shop.worker()
    own_shop.publish(*(MakeToy(number=number, seconds=0.2) for number in BEFORE))
    wait_for(lambda: len(own_shop.effects()) > 10, 30, "some of the work to be done")
    waiting = pause_database(servers, 75, relay, worker)
    counted = own_shop.settle(once(BEFORE), seconds=90)

    parked = [outcome for _, outcome in own_shop.outcomes()].count("parked")
    too_busy = [figures for figures in waiting if figures[0] > LOG_LINES_A_SECOND or figures[1] > CPU_SHARE]
    assert (too_busy, parked > 0, counted) == ([], True, Account(once(BEFORE)))
