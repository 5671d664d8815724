"""Schedulers at work, beside each other and through a change of leader."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import psycopg
import pytest
import time_machine
from structlog.testing import capture_logs

from services.scheduler.process import Scheduler
from shared.clock import Clock, now
from shared.database.engine import open_engine
from shared.database.session import unit_of_work
from shared.metrics import Metrics
from shared.schedules import Schedule
from tests.integration.scheduler.test_leadership import LEADER
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy

MINUTELY = Schedule("toyshop.make", "* * * * *", MakeToy(number=1), missed="run_all")


def hurrying() -> Clock:
    """A clock on which a minute lasts a tenth of a second."""
    start, began = now(), time.monotonic()
    return lambda: start + timedelta(seconds=600 * (time.monotonic() - began))


@contextmanager
def scheduling(database: Database, clock: Clock = now, look_seconds: float = 15.0) -> Iterator[Scheduler]:
    """A scheduler in a thread, with an engine of its own as in a process of its own."""
    engine = open_engine(database.service_url("scheduler"), "scheduler", pool_size=3)
    scheduler = Scheduler(
        [MINUTELY],
        ZoneInfo("UTC"),
        engine,
        unit_of_work(engine),
        Metrics("scheduler"),
        clock=clock,
        look_seconds=look_seconds,
    )
    stopping = threading.Event()
    thread = threading.Thread(target=scheduler.run, args=(stopping, 0.02))
    thread.start()
    try:
        yield scheduler
    finally:
        stopping.set()
        thread.join(20)
        engine.dispose()


def _has_ticks(database: Database, count: int) -> bool:
    return len(ticks(database)) >= count


def ticks(database: Database) -> list[datetime]:
    rows = database.query("SELECT due_at FROM messaging.tick WHERE message_id IS NOT NULL ORDER BY due_at")
    return [due_at for (due_at,) in rows]


def test_one_leads_hands_over_and_no_tick_is_lost_or_doubled(database: Database) -> None:
    """Two at once; the leader's connection is cut twice in the middle; every minute is published exactly once."""
    clock = hurrying()
    with capture_logs(), ExitStack() as stack:
        pair = [stack.enter_context(scheduling(database, clock, look_seconds=0.0)) for _ in range(2)]
        for count in (10, 20):
            wait_for(partial(_has_ticks, database, count), 20, f"{count} ticks")
            assert sum(one.leads for one in pair) == 1
            database.query(f"SELECT pg_terminate_backend(pid) FROM ({LEADER}) AS leader")
        wait_for(lambda: len(ticks(database)) >= 30, 20, "ticks after the second cut")
    found = ticks(database)
    assert found == [found[0] + timedelta(minutes=number) for number in range(len(found))]
    assert database.value("SELECT count(*) FROM messaging.outbox") == len(found)


def test_leader_that_stops_is_followed_at_once(database: Database) -> None:
    """The standby takes over without waiting for a time-out, and goes on where the leader was."""
    clock = hurrying()
    with capture_logs(), scheduling(database, clock, look_seconds=0.0) as first:
        wait_for(lambda: first.leads and ticks(database), 10, "the first to lead")
        second_context = scheduling(database, clock, look_seconds=0.0)
        second = second_context.__enter__()  # it outlives the first
    try:
        with capture_logs():
            wait_for(lambda: second.leads, 10, "the second to lead")
            before = len(ticks(database))
            wait_for(lambda: len(ticks(database)) > before, 10, "it to publish")
    finally:
        second_context.__exit__(None, None, None)
    found = ticks(database)
    assert found == [found[0] + timedelta(minutes=number) for number in range(len(found))]


def test_apscheduler_wakes_it_at_the_minute(database: Database) -> None:
    """Without the look now and then: the alarm alone publishes, long before the next look."""
    with (
        capture_logs(),
        time_machine.travel(datetime(2100, 1, 1, 11, 59, 57, tzinfo=UTC), tick=True),
        scheduling(database, look_seconds=3600.0),
    ):
        [tick] = wait_for(lambda: ticks(database), 20, "the tick of noon")
        late = now() - tick
    assert tick == datetime(2100, 1, 1, 12, tzinfo=UTC)
    assert late < timedelta(minutes=2)


def test_tick_that_met_a_locked_table_is_published_later(database: Database) -> None:
    """A failure is logged, and left to the next look."""
    clock = hurrying()
    with capture_logs() as logged, scheduling(database, clock, look_seconds=0.0):
        wait_for(lambda: ticks(database), 10, "the first tick")
        with psycopg.connect(database.url) as connection:
            connection.execute("LOCK TABLE messaging.outbox IN ACCESS EXCLUSIVE MODE")
            wait_for(lambda: [one for one in logged if one["event"] == "tick_failed"], 10, "a tick to fail")
        before = len(ticks(database))
        wait_for(lambda: len(ticks(database)) > before + 3, 10, "the ticks to go on")
    found = ticks(database)
    assert found == [found[0] + timedelta(minutes=number) for number in range(len(found))]


@pytest.mark.parametrize(
    ("schedules", "complaint"),
    [
        ([MINUTELY, MINUTELY], "two schedules are called 'toyshop.make'"),
        ([Schedule("toyshop.odd", "every day", MakeToy(number=1))], "schedule toyshop.odd: "),
    ],
)
def test_schedules_that_cannot_be_stop_the_start(database: Database, schedules: list[Schedule], complaint: str) -> None:
    """With the name of the schedule, before anything is published."""
    engine = database.engine("scheduler")
    with pytest.raises(ValueError, match=complaint):
        Scheduler(schedules, ZoneInfo("UTC"), engine, unit_of_work(engine), Metrics("scheduler"))
