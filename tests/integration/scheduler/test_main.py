"""The scheduler's own process."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support.databases import Database
from tests.support.processes import Process, Processes, processes
from tests.support.waiting import wait_for


@pytest.fixture
def group(database: Database, tmp_path: Path) -> Iterator[Processes]:
    """Schedulers of an installation with ticketing, whose minutely schedule was last published an hour ago."""
    database.query(
        "INSERT INTO messaging.tick (schedule, due_at) "
        "VALUES ('ticketing.expire_orders', date_trunc('minute', clock_timestamp()) - interval '1 hour')"
    )
    environment = {
        "DATABASE_URL": database.service_url("scheduler"),
        "RABBITMQ_URL": "amqp://127.0.0.1:1",
        "BELLHOP_SERVICES": "ticketing",
        "TIMEZONE": "Europe/Berlin",
    }
    with processes(tmp_path, environment) as started:
        yield started


def leads(process: Process) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{process.http_port}/metrics", timeout=30) as answer:
        return b"bellhop_scheduler_leader 1.0" in answer.read()


def test_killed_leader_is_followed_and_missed_ticks_are_one(group: Processes, database: Database) -> None:
    """Two processes publish one tick for the missed hour; after kill -9 of the leader the other one leads."""
    pair = [group.start("services.scheduler").wait_ready() for _ in range(2)]
    leader = wait_for(lambda: next((one for one in pair if leads(one)), None), 10, "a leader")
    assert leader is not None
    standby = pair[1 - pair.index(leader)]
    assert not leads(standby)
    wait_for(lambda: database.value("SELECT count(*) FROM messaging.outbox"), 10, "the missed tick")
    leader.kill()
    wait_for(lambda: leads(standby), 20, "the other one to lead")
    bodies = database.query("SELECT body FROM messaging.outbox")
    due = [orjson.loads(bytes(body))["options"]["tick"]["due_at"] for (body,) in bodies]
    assert len(set(due)) == len(due) <= 2


def test_sigterm_ends_it_cleanly(group: Processes) -> None:
    """Exit code 0, and the lock is free at once."""
    first = group.start("services.scheduler").wait_ready()
    wait_for(lambda: leads(first), 10, "it to lead")
    assert first.terminate() == 0
    assert first.lines()[-1]["event"] == "scheduler_stopped"
