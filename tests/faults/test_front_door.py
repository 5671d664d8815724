"""Nobody without a key, and nobody who hangs up, can bring the gateway down or keep the others waiting."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import pytest

from deploy.local.ports import free_port
from services.gateway.handlers import create_key
from tests.integration.gateway.conftest import Answered, ask
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import ROOT, Process, processes

LIMIT_BYTES = 250_000_000
SLOWEST = 0.5
EVENT = {
    "name": "Night of the Museums",
    "starts_at": "2031-05-17T18:00:00Z",
    "ends_at": "2031-05-17T23:00:00Z",
    "currency": "EUR",
}


@dataclass
class Door:
    """A gateway's process, and a caller with a key."""

    process: Process
    database: Database
    key: str
    slowest: float = SLOWEST
    """How long an answer may take."""

    @property
    def port(self) -> int:
        return self.process.http_port

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answered:
        return ask(self.port, method, path, body, {"Authorization": f"Bearer {self.key}"})

    def usual(self) -> float:
        """Seconds that an answer takes here while nobody else asks: the machine may have other things to do."""
        taken = []
        for _ in range(20):
            began = time.monotonic()
            assert self.call("GET", "/v1/events").status == 200
            taken.append(time.monotonic() - began)
        return sorted(taken)[10]

    def send_strangers(self, what: str, count: int, *more: str) -> dict[str, int]:
        """Let them come, in a process of their own. Returns how often each status was answered."""
        command = [sys.executable, "-m", "tests.faults.strangers", what, str(self.port), str(count), *more]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=200)
        answered: dict[str, int] = json.loads(done.stdout)
        return answered

    def peak(self) -> int:
        """The most bytes that the process has had resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024


@dataclass(eq=False)
class Buyer(threading.Thread):
    """Somebody with a key who looks at the events all the time."""

    door: Door
    seconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stopping = threading.Event()

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.door.port, timeout=30)
        while not self._stopping.wait(0.01):
            began = time.monotonic()
            connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {self.door.key}"})
            answer = connection.getresponse()
            answer.read()
            self.seconds.append(time.monotonic() - began)
            if answer.status != 200:
                self.refused.append(answer.status)
        connection.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join(40)

    def p99(self) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]


@pytest.fixture
def door(database: Database, tmp_path: Path) -> Iterator[Door]:
    """`python -m services.gateway` with every service's endpoints."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.service_url("gateway"),
        "RABBITMQ_URL": "amqp://127.0.0.1:1",
        "STORAGE_URL": (tmp_path / "storage").as_uri(),
        "SECRET_KEY": SECRET_KEY,
        "BELLHOP_PORT": str(port),
        "PAYMENTS_STRIPE_WEBHOOK_SECRET": "whsec_of_the_test",
    }
    with database.work("gateway")() as session:
        key = create_key(session, "Acme").key
    with processes(tmp_path, environment) as group:
        started = group.start("services.gateway")
        started.http_port = port
        opened = Door(started.wait_ready(60), database, key)
        opened.slowest = SLOWEST + 10 * opened.usual()
        yield opened


SIZES = [pytest.param(0.2, id="short"), pytest.param(1, id="whole", marks=pytest.mark.long)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("what", "answer"), [("bodies", "404"), ("signed", "401")])
def test_strangers_with_large_bodies_take_neither_memory_nor_time(
    door: Door, what: str, answer: str, size: float
) -> None:
    """500 of them send 8 MiB each, at once: to an address that is nobody's, or with a signature that is none."""
    count = int(500 * size)
    with Buyer(door) as buyer:
        answered = door.send_strangers(what, count)
    peak, p99 = door.peak(), buyer.p99()
    print(f"\n{count} {what}: {answered}, peak {peak / 1e6:.0f} MB, p99 {p99 * 1000:.0f} ms of {len(buyer.seconds)}")
    assert set(answered) <= {answer, "503", "0"}
    assert (peak < LIMIT_BYTES, p99 < door.slowest, buyer.refused) == (True, True, [])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("patience", "most"), [pytest.param(0.0, 0.25, id="at-once"), pytest.param(1.0, 0.5, id="while-they-wait")]
)
def test_clients_that_hang_up_are_not_worked_for(door: Door, patience: float, most: float, size: float) -> None:
    """2,000 order and are gone: the next who asks is answered at once, and hardly anything is held for nobody.

    `most` is the part of the orders that may be made: some have their turn before their client comes to hang up.
    """
    event = door.call("POST", "/v1/events", EVENT).body["id"]
    kind = {"name": "Entry", "price": 500, "quantity": 10_000}
    ticket_type = door.call("POST", f"/v1/events/{event}/ticket-types", kind).body["id"]
    count = int(2_000 * size)
    door.send_strangers("hang_up", count, door.key, event, ticket_type, str(patience))
    began = time.monotonic()
    answer = door.call("GET", f"/v1/events/{event}")
    seconds = time.monotonic() - began
    held = door.database.value("SELECT count(*) FROM ticketing.orders")
    print(f"\n{count} hung up after {patience} s: next answer after {seconds * 1000:.0f} ms, {held} holds")
    assert (answer.status, seconds < door.slowest, held <= most * count) == (200, True, True)


@pytest.mark.parametrize("size", SIZES)
def test_made_up_methods_and_paths_do_not_grow_the_metrics(door: Door, size: float) -> None:
    """10,000 of each."""
    door.send_strangers("names", 100)
    ask(door.port, "GET", "/metrics")  # which counts itself once it was asked for
    before = len(ask(door.port, "GET", "/metrics").raw.splitlines())
    door.send_strangers("names", int(10_000 * size))
    after = len(ask(door.port, "GET", "/metrics").raw.splitlines())
    assert after == before
