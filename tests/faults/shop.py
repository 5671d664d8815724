"""The toy shop with its relay, in processes that can be held, killed and started again."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.contracts.message import Contract
from shared.messaging.actor import declarations_in
from shared.messaging.outbox import publish_all
from shared.messaging.topology import Topology
from tests.faults.account import Account, Effects, account, effects_in, waiting_in
from tests.faults.keeper import Keeper
from tests.support.databases import Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for
from tests.toyshop import actors

RELAY, WORKER = "services.relay", "tests.toyshop"
STILL_LOOKS = 4
"""How many looks in succession must find nothing moving before everything is at rest."""


@dataclass(frozen=True)
class Hold:
    """A named point in the code at which the first process that comes by stands still."""

    point: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"BELLHOP_HOLD_AT": self.point, "BELLHOP_HOLD_DIRECTORY": str(self.folder)}

    def wait(self, process: Process, seconds: float = 30) -> None:
        """Wait until this process stands at the point."""
        marker = self.folder / f"{self.point.partition(':')[0]}.{process.pid}"
        wait_for(marker.exists, seconds, f"{process.module} to reach {self.point}")

    def release(self) -> None:
        """Let it go on."""
        (self.folder / "release").touch()


@dataclass
class Shop:
    """One database, one virtual host, and the processes on them."""

    database: Database
    vhost: VirtualHost
    topology: Topology
    processes: Processes
    folder: Path
    keepers: list[Keeper] = field(default_factory=list)

    def hold(self, point: str) -> Hold:
        """A holding point in a folder of its own. Pass its environment to the process."""
        folder = self.folder / f"hold-{len(list(self.folder.glob('hold-*')))}"
        folder.mkdir()
        return Hold(point, folder)

    def relay(self, **environment: str) -> Process:
        """Start a relay."""
        return self._start(RELAY, "relay", environment)

    def worker(self, *arguments: str, **environment: str) -> Process:
        """Start a worker of the toy shop."""
        return self._start(WORKER, "toyshop", environment, *arguments)

    def _start(self, module: str, service: str, environment: Mapping[str, str], *arguments: str) -> Process:
        ours = {"DATABASE_URL": self.database.service_url(service), **environment}
        return self.processes.start(module, *arguments, **ours)

    def keep(self, start: Callable[[], Process]) -> Keeper:
        """Start a process, and start it again whenever it ends, as a supervisor does."""
        keeper = Keeper(start)
        self.keepers.append(keeper)
        keeper.start()
        return keeper

    def publish(self, *messages: Contract) -> None:
        """Send messages as a handler does: rows in the outbox, committed together."""
        with self.database.work("toyshop")() as session:
            publish_all(session, messages)

    def effects(self) -> Effects:
        return effects_in(self.database)

    def open_gate(self, number: int) -> None:
        """Let a gated job go on, and all its further runs."""
        (self.folder / f"open.{number}").touch()

    def wait_for_runs(self, how: str, number: int, runs: int, seconds: float = 40) -> None:
        """Wait until the job is running for the `runs`-th time."""
        wait_for(lambda: self.runs(how, number) >= runs, seconds, f"run {runs} of job {number}")

    def runs(self, how: str, number: int) -> int:
        """How often a job that counts its runs was run, whether it was committed or not."""
        file = self.folder / f"{how}.{number}"
        return file.stat().st_size if file.exists() else 0

    def outcomes(self) -> list[tuple[str, str]]:
        """(kind, outcome) of every delivery that any worker handled to its end."""
        lines = (line for process in self.processes.started for line in process.lines())
        return [(line["kind"], line["outcome"]) for line in lines if line["event"] == "message"]

    def wait_for_effects(self, expected: Effects, seconds: float = 40) -> None:
        """Wait until at least these effects are there."""

        def missing() -> list[tuple[int, str]]:
            there = self.effects()
            return [effect for effect in expected if effect not in there]

        wait_for(lambda: not missing(), seconds, f"{len(expected)} effects", every=0.1)

    def wait_for_rest(self, seconds: float = 40) -> None:
        """Wait until nothing is under way any more: no row that waits, no message in a queue."""
        looks = 0

        def at_rest() -> bool:
            nonlocal looks
            looks = looks + 1 if self._is_still() else 0
            return looks >= STILL_LOOKS

        wait_for(at_rest, seconds, "everything to come to rest", every=0.1)

    def _is_still(self) -> bool:
        moving = self.database.value(
            "SELECT (SELECT count(*) FROM messaging.outbox) + (SELECT count(*) FROM messaging.scheduled)"
            " + (SELECT count(*) FROM messaging.inbox WHERE status IN ('waiting', 'calling'))"
        )
        return moving == 0 and not waiting_in(self.vhost, self.topology)

    def settle(self, expected: Effects, seconds: float = 40) -> Account:
        """Wait for these effects and for rest, end every process as a deployment does, and count.

        The queues are counted when nobody consumes any more: what was taken and not acknowledged is back in them then.
        """
        self.wait_for_effects(expected, seconds)
        self.wait_for_rest(seconds)
        self.stop()
        return account(self.database, self.vhost, self.topology)

    def stop(self) -> None:
        """SIGTERM for all that run, and wait for their end."""
        for keeper in self.keepers:
            keeper.stop()
        running = [process for process in self.processes.started if process.is_alive]
        with ThreadPoolExecutor(max_workers=max(1, len(running))) as pool:
            codes = list(pool.map(Process.terminate, running))
        assert not any(codes), {process.module: code for process, code in zip(running, codes, strict=True)}


@contextmanager
def open_shop(database: Database, vhost: VirtualHost, folder: Path, settle: bool = False) -> Iterator[Shop]:
    """A toy shop whose queues are declared. With `settle` they are old enough for their broker to be killed."""
    declarations = declarations_in(actors)
    topology = vhost.set_up(database.url, declarations, settle=time.sleep if settle else lambda _: None)
    environment = {"RABBITMQ_URL": vhost.url, "TOYSHOP_DIRECTORY": str(folder), "WORKER_THREADS": "4"}
    group = Processes(folder, environment)
    shop = Shop(database, vhost, topology, group, folder)
    try:
        yield shop
    finally:
        for keeper in shop.keepers:
            keeper.stop()
        group.end()
