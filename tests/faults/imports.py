"""An organisation that imports many people: the real reports service, whose workers are killed meanwhile."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from services.reports.domain.imports import Import, ImportState, Options, Reading, progress, source_key
from services.reports.handlers import imports
from services.reports.repository.imports import Imports, NewImport
from shared.clock import now
from shared.discovery import actor_declarations
from shared.ids import new_id
from shared.messaging.topology import Topology
from tests.faults.account import waiting_in
from tests.faults.archives import peak_memory
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

BAD_EVERY = 100
WORKERS = 2
OVER = {ImportState.DONE, ImportState.FAILED}
OPEN = {"RELAY_WINDOW": "10000", "RELAY_SHARE": "1"}
"""For the relay: letters are counted in their queue, where nobody takes them."""


@dataclass
class Office:
    """One organisation, its import, and the workers that take it in."""

    database: Database
    vhost: VirtualHost
    topology: Topology
    processes: Processes
    folder: Path
    organisation_id: UUID = field(default_factory=new_id)
    workers: list[Process] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    """The peak memory of each worker that has ended, in bytes."""
    kills: int = 0

    @property
    def storage(self) -> Path:
        return self.folder / "storage"

    def start_worker(self) -> None:
        """One more worker of imports."""
        url = self.database.service_url("reports")
        self.workers.append(self.processes.start("services.reports", "--queues", "reports.imports", DATABASE_URL=url))

    def kill_one(self) -> None:
        """Kill -9 for the worker that has run longest, and start another."""
        worker = self.workers.pop(0)
        self.memory.append(peak_memory(worker))
        worker.kill()
        self.kills += 1
        self.start_worker()

    def write_file(self, count: int) -> Path:
        """So many people, one in a hundred of them without a mail address."""
        path = self.folder / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["E-Mail", "Name", "Telefon", "Stadt", "Mitglied"])
            for number in range(count):
                address = "nobody" if number % BAD_EVERY == 0 else f"person.{number}@example.org"
                rows.writerow([address, f"Person {number}", f"+4930{5_000_000 + number}", "Köln", number])
        return path

    def upload(self, path: Path) -> Import:
        """Upload a file, and wait until it was looked through."""
        import_id = new_id()
        key = source_key(self.organisation_id, import_id)
        new = NewImport(
            id=import_id,
            organisation_id=self.organisation_id,
            key_id=new_id(),
            file_name=path.name,
            storage_key=key,
            language="en",
            time_zone="UTC",
            email="boss@example.org",
            reading=Reading(),
            options=Options(),
            mapping=None,
            expires_at=now() + timedelta(days=7),
        )
        target = self.storage / key
        target.parent.mkdir(parents=True)
        target.write_bytes(path.read_bytes())
        with self.database.work("reports")() as session:
            imports.register(session, new)
            imports.received(session, self.organisation_id, import_id, size=target.stat().st_size, sha256=b"")
        wait_for(lambda: self.get(import_id).state is ImportState.UPLOADED, 120, "the file to be looked through")
        return self.get(import_id)

    def start(self, found: Import, options: Options | None = None) -> None:
        with self.database.work("reports")() as session:
            imports.start(session, self.organisation_id, found.id, None, options, now=now())

    def get(self, import_id: UUID) -> Import:
        with self.database.work("reports")() as session:
            found = Imports(session).get(import_id)
        assert found is not None
        return found

    def chunks(self, found: Import) -> int:
        """How many chunks were cut off so far."""
        return len(list((self.storage / found.source_key).parent.glob("chunks/*.json")))

    def shown_and_true(self, found: Import) -> tuple[int, float]:
        """The percentage that is shown, and what is really there of the rows, in one moment."""
        handled, people, failed = self.database.query(
            "SELECT (SELECT coalesce(sum(created + updated + unchanged + failed), 0)::int FROM reports.import_chunks"
            " WHERE import_id = %s), (SELECT count(*) FROM reports.people),"
            " (SELECT count(*) FROM reports.failed_rows WHERE import_id = %s)",
            found.id,
            found.id,
        )[0]
        assert found.row_count is not None
        return progress(found.state, handled, found.row_count), 100 * (people + failed) / found.row_count

    def run_with_kills(self, found: Import, kills: int, seconds: float) -> list[tuple[int, float]]:
        """Wait for the end, and kill a worker whenever so much more was done. Returns what was shown, and what was true."""
        seen: list[tuple[int, float]] = []

        def is_over() -> bool:
            current = self.get(found.id)
            if current.state in OVER:
                return True
            seen.append(self.shown_and_true(found))
            killed = self.kills - before
            if killed < kills and seen[-1][1] >= 100 * killed / kills:
                self.kill_one()
            return False

        before = self.kills
        wait_for(is_over, seconds, "the import to end", every=0.02)
        self.memory.extend(peak_memory(worker) for worker in self.workers)
        return seen

    def failures(self, found: Import) -> list[list[str]]:
        """The rows of the file of failed rows."""
        path = (self.storage / found.source_key).parent / "failures.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file))[1:]

    def waiting(self) -> dict[str, int]:
        """Messages by queue."""
        return waiting_in(self.vhost, self.topology)

    def is_still(self) -> bool:
        """Whether nothing is under way any more. Letters wait for a service that does not run here."""
        moving = self.database.value(
            "SELECT (SELECT count(*) FROM messaging.outbox) + (SELECT count(*) FROM messaging.lease)"
            " + (SELECT count(*) FROM messaging.inbox WHERE status NOT IN ('done', 'failed'))"
        )
        return moving == 0 and not any(queue.startswith("reports.") for queue in self.waiting())


@contextmanager
def open_office(database: Database, vhost: VirtualHost, folder: Path) -> Iterator[Office]:
    """Relay and workers. Notifications' queues are there, and nobody takes from them."""
    declarations = [*actor_declarations("reports"), *actor_declarations("notifications")]
    topology = vhost.set_up(database.url, declarations)
    (folder / "storage").mkdir()
    environment = {
        "RABBITMQ_URL": vhost.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "BELLHOP_SERVICES": "reports,notifications",
        "WORKER_THREADS": "4",
    }
    group = Processes(folder, environment)
    try:
        group.start("services.relay", DATABASE_URL=database.service_url("relay"), **OPEN)
        office = Office(database, vhost, topology, group, folder)
        for _ in range(WORKERS):
            office.start_worker()
        yield office
        wait_for(office.is_still, 60, "everything to come to rest", every=0.2)
    finally:
        group.end()
