"""An organisation that exports what it has: the real jobs on a real database, with the storage in memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.reports.actors import exports as actors
from services.reports.actors.sweeping import sweep_reports
from services.reports.adapters.export_files import ExportFiles
from services.reports.adapters.import_files import ImportFiles
from services.reports.domain.cells import Row
from services.reports.domain.documents import Document
from services.reports.domain.exports import Asked, Export, Filter, Format, Kind, Language
from services.reports.handlers import export_needs, exports, projection, rights
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.export_needs import ExportFile, ExportNeeds
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.repository.exports import Exports
from services.reports.repository.imports import StoredFailures
from services.reports.repository.snapshots import snapshots
from shared.contracts.gateway import KeyRevoked
from shared.contracts.message import Event
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.testing import Inline, Published, Ran, memory_storage, published
from shared.signed_links import SignedLinks, link_key
from shared.storage import Storage, StoredObject
from tests.support.databases import SECRET_KEY, Database

LINKS = SignedLinks("https://bellhop.example", link_key(SECRET_KEY, "reports"))

FACTS = SimpleNamespace(rebuild_step_events=1, retention_event_log_days=None)


@dataclass
class Desk:
    """Where exports are asked for. `run` runs all jobs that are due. Temporary files are below `folder`."""

    database: Database
    folder: Path
    twice: bool = False
    storage: Storage = field(default_factory=memory_storage)
    organisation_id: UUID = field(default_factory=new_id)
    key_id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.work = self.database.work("reports")
        self.needs = ExportNeeds(
            work=self.work,
            snapshot=snapshots(self.database.engine("reports")),
            files=ExportFiles(self.folder),
            storage=self.storage,
            links=LINKS,
            pdf_rows=50,
            clock=self.now,
        )
        self.open(self.needs)

    def open(self, needs: ExportNeeds) -> None:
        """Give the jobs these from now on."""
        failures = StoredFailures(self.work)
        imports = ImportNeeds(files=ImportFiles(self.storage, 10), failed_rows=failures, links=LINKS, days=7)
        dependencies = Dependencies(
            facts=FACTS,
            exports=needs,
            imports=replace(imports, clock=self.now),
        )
        declarations = [*declarations_in(actors), sweep_reports]
        self.inline = Inline(self.database.engine, declarations, {"reports": dependencies}, twice=self.twice)

    def now(self) -> datetime:
        """The time after all travels."""
        return self.inline.now()

    def tell(self, events: Iterable[Event]) -> None:
        """Let the projection hear all of these."""
        with self.work() as session:
            for event in events:
                projection.hear(session, new_id(), event)

    def ask(self, kind: Kind = Kind.ATTENDEES, chosen: Format = Format.CSV, **says: Any) -> UUID:
        """Ask for an export, in English and UTC unless said, for somebody who is told."""
        usual = {"filter": Filter(), "language": Language.EN, "time_zone": "UTC", "email": "ada@example.com"}
        asked = Asked(**{"kind": kind, "format": chosen, **usual, **says})
        with self.work() as session:
            return exports.ask(session, self.organisation_id, self.key_id, asked)

    def revoke_key(self) -> None:
        """The key of these exports is ended, and reports hears of it at once."""
        message = KeyRevoked(key_id=self.key_id, organisation_id=self.organisation_id, revoked_at=self.now())
        with self.work() as session:
            rights.key_revoked(session, message)

    def run(self) -> list[Ran]:
        return self.inline.drain()

    def export(self, export_id: UUID) -> Export:
        """As it stands."""
        with self.work() as session:
            found = Exports(session).get(export_id)
        assert found is not None
        return found

    def made(self, kind: Kind = Kind.ATTENDEES, chosen: Format = Format.CSV, **says: Any) -> bytes:
        """The file of an export that goes well."""
        export_id = self.ask(kind, chosen, **says)
        self.run()
        return self.storage.get(self.export(export_id).storage_key)

    def letters(self) -> Sequence[Published]:
        """What people were told."""
        with self.work() as session:
            return [one for one in published(session) if one.kind == "notifications.report.tell"]


@dataclass
class WatchedFiles:
    """Makes real files, and calls `meanwhile` whenever rows have been written to one."""

    files: export_needs.ExportFiles
    meanwhile: Callable[[], None]

    @contextmanager
    def begin(self, document: Document) -> Iterator[ExportFile]:
        with self.files.begin(document) as file:
            yield _Watched(file, self.meanwhile)


@dataclass
class _Watched:
    file: ExportFile
    meanwhile: Callable[[], None]

    def add(self, rows: Iterable[Row]) -> None:
        self.file.add(rows)
        self.meanwhile()

    def finish(self) -> None:
        self.file.finish()

    def pieces(self) -> Iterator[bytes]:
        return self.file.pieces()


@dataclass
class OddStorage:
    """The desk's storage, but for what `put_stream` is told to do before, and says of the size after it."""

    storage: Storage
    before: Callable[[], None] = lambda: None
    loses: int = 0

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        self.before()
        return self.storage.put_stream(key, pieces, content_type) + self.loses

    def head(self, key: str) -> StoredObject:
        return self.storage.head(key)

    def delete(self, key: str) -> None:
        self.storage.delete(key)
