"""An organisation with many attendees: the real reports service, which can be killed while it writes an export of them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from services.reports.domain.exports import Asked, Export, Filter, Format, Kind, Language, State
from services.reports.handlers import exports
from services.reports.repository.exports import Exports
from shared.discovery import actor_declarations
from shared.ids import new_id
from tests.faults.archives import peak_memory
from tests.support.attendees import fill_with_attendees
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, Processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

ENDED = (State.READY, State.FAILED)
OPEN = {"RELAY_WINDOW": "10000", "RELAY_SHARE": "1"}
"""For the relay: letters are counted in their queue, where nobody takes them."""


@dataclass
class Bureau:
    """One organisation, and the processes that make its exports."""

    database: Database
    processes: Processes
    folder: Path
    organisation_id: UUID = field(default_factory=new_id)
    memory: list[int] = field(default_factory=list)
    """The peak memory of each worker that was killed or has ended its export, in bytes."""

    @property
    def scratch(self) -> Path:
        """Where temporary files are."""
        return self.folder / "scratch"

    def worker(self) -> Process:
        """Start a worker that makes exports."""
        url = self.database.service_url("reports")
        return self.processes.start("services.reports", "--queues", "reports.exports", DATABASE_URL=url)

    def fill(self, count: int) -> None:
        """So many attendees."""
        fill_with_attendees(self.database, self.organisation_id, count)

    def ask(self, chosen: Format) -> UUID:
        """Ask for all attendees, in German and the time of Berlin."""
        asked = Asked(Kind.ATTENDEES, chosen, Filter(), Language.DE, "Europe/Berlin")
        with self.database.work("reports")() as session:
            return exports.ask(session, self.organisation_id, new_id(), asked)

    def export(self, export_id: UUID) -> Export:
        """The export as it stands."""
        with self.database.work("reports")() as session:
            found = Exports(session).get(export_id)
        assert found is not None
        return found

    def kill_in_the_middle(self, worker: Process, export_id: UUID, percentage: int) -> bool:
        """Kill -9 when so much of the rows is written. False if the file was whole before that could be."""

        def is_there() -> bool:
            found = self.export(export_id)
            return found.progress >= percentage or found.state in ENDED

        wait_for(is_there, 60, f"{percentage} % of the export", every=0.002)
        worker.popen.send_signal(signal.SIGSTOP)
        is_in_the_middle = self.export(export_id).state is State.RUNNING
        self.memory.append(peak_memory(worker))
        worker.kill()
        return is_in_the_middle

    def finish(self, worker: Process, export_id: UUID, seconds: float) -> Path:
        """Wait until the export is ready. Returns its file."""
        wait_for(lambda: self.export(export_id).state in ENDED, seconds, "the export", every=0.05)
        self.memory.append(peak_memory(worker))
        found = self.export(export_id)
        assert found.state is State.READY, (found, worker.text()[-3000:])
        return self.folder / "storage" / found.storage_key


@contextmanager
def open_bureau(database: Database, vhost: VirtualHost, folder: Path) -> Iterator[Bureau]:
    """Everything but the worker."""
    vhost.set_up(database.url, actor_declarations("reports"))
    for name in ("storage", "scratch"):
        (folder / name).mkdir()
    environment = {
        "RABBITMQ_URL": vhost.url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE_URL": (folder / "storage").as_uri(),
        "BELLHOP_SERVICES": "reports",
        "WORKER_THREADS": "4",
        "TMPDIR": str(folder / "scratch"),
    }
    group = Processes(folder, environment)
    try:
        group.start("services.relay", DATABASE_URL=database.service_url("relay"), **OPEN)
        yield Bureau(database, group, folder)
    finally:
        group.end()
