"""A job held by a worker that hangs but stays connected is taken up again after its time, and ends once."""

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.messaging.outbox import publish_all
from tests.integration.messaging.policies.hanging import Hang, hang
from tests.support.databases import Database
from tests.support.processes import Process, Processes, processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

MODULE = "tests.integration.messaging.policies.hanging"
OVERTIME = "1"


@dataclass
class House:
    """A relay and as many workers as a test starts, on one database and virtual host."""

    database: Database
    folder: Path
    group: Processes

    def worker(self) -> Process:
        return self.group.start(MODULE, DATABASE_URL=self.database.service_url("toyshop"))

    def publish(self, *messages: Hang) -> None:
        with self.database.work("toyshop")() as session:
            publish_all(session, messages)

    def wait_until_held_by(self, process: Process) -> None:
        wait_for((self.folder / f"pid.{process.pid}").exists, 25, "the job to hang")

    def effects(self) -> Counter[int]:
        return Counter(row[0] for row in self.database.query("SELECT number FROM toyshop.effect"))

    def is_at_rest(self) -> bool:
        return not self.database.query(
            "SELECT 1 FROM messaging.outbox UNION ALL SELECT 1 FROM messaging.scheduled"
            " UNION ALL SELECT 1 FROM messaging.inbox WHERE status = 'waiting'"
        )


@pytest.fixture
def house(database: Database, rabbitmq: VirtualHost, tmp_path: Path) -> Iterator[House]:
    """Heartbeats and overtimes are short: a test has no minutes."""
    rabbitmq.set_up(database.url, [hang])
    environment = {
        "RABBITMQ_URL": f"{rabbitmq.url}?heartbeat=2",
        "TOYSHOP_DIRECTORY": str(tmp_path),
        "WORKER_THREADS": "2",
        "WORKER_GRACE": "1",
        "WORKER_OVERTIME": OVERTIME,
    }
    with processes(tmp_path, environment) as group:
        house = House(database, tmp_path, group)
        group.start("services.relay", DATABASE_URL=database.service_url("relay"))
        yield house


def test_process_whose_job_no_interrupt_reaches_ends_and_hands_the_rest_back(house: House) -> None:
    """Stuck in one call of C: the process says so and ends with 1; its message goes to another, the others as well."""
    first = house.worker()
    house.publish(Hang(number=1, in_c=True))
    house.wait_until_held_by(first)
    house.publish(*(Hang(number=0) for _ in range(5)))
    code = first.popen.wait(90)
    house.worker()
    wait_for(lambda: house.effects()[1] and house.is_at_rest(), 25, "the job to be done elsewhere")

    assert code == 1
    assert "cannot be interrupted, the process ends" in first.text()
    assert house.effects() == {0: 5, 1: 1}


def test_job_of_a_process_that_stands_still_is_done_elsewhere_and_once(house: House) -> None:
    """SIGSTOP: its heartbeats end, so RabbitMQ gives its message out; PostgreSQL undoes its transaction after the time
    limit and three overtimes. When it goes on, what it had begun stays without effect.
    """
    first = house.worker()
    house.publish(Hang(number=1))
    house.wait_until_held_by(first)
    first.popen.send_signal(signal.SIGSTOP)
    (house.folder / "open").touch()
    house.worker()
    try:
        wait_for(lambda: house.effects()[1], 90, "the job to be done elsewhere")
    finally:
        first.popen.send_signal(signal.SIGCONT)
    wait_for(lambda: first.readiness()[0] == 200, 25, "the first to be back")
    wait_for(house.is_at_rest, 25, "everything to end")
    code = first.terminate()

    assert (code, house.effects()) == (0, {1: 1})
