"""An organisation that imports people: the real jobs on a real database, with the storage in memory or in a folder."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from services.reports.actors import imports as actors
from services.reports.adapters.import_files import ImportFiles
from services.reports.domain.imports import Import, Options, Reading, source_key
from services.reports.handlers import imports
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.repository.imports import Imports, NewImport, StoredFailures
from shared.ids import new_id
from shared.messaging.actor import declarations_in
from shared.messaging.testing import Inline, Ran, memory_storage
from shared.signed_links import SignedLinks, link_key
from shared.storage import Storage, StorageUnavailable
from tests.support.databases import SECRET_KEY, Database

LINKS = SignedLinks("https://bellhop.example", link_key(SECRET_KEY, "reports"))
WELCOME = Options(welcome=True, sender="Example Hall", text="Good to have you.")

FACTS = SimpleNamespace(rebuild_step_events=1, retention_event_log_days=None)


def csv_of(count: int, *, first: int = 0, every: int = 0) -> bytes:
    """So many people, one a row; each `every`-th row has no mail address, from the first one on."""
    lines = ["E-Mail,Vorname,Nachname,Telefon,Stadt"]
    for number in range(first, first + count):
        address = "nobody" if every and number % every == 0 else f"person.{number}@example.org"
        lines.append(f"{address},Person,{number},+4930{5_000_000 + number},Köln")
    return "\r\n".join(lines).encode()


@dataclass
class Desk:
    """Where imports are asked for. `run` runs all jobs that are due."""

    database: Database
    storage: Storage = field(default_factory=memory_storage)
    twice: bool = False
    most_rows: int = 10_000
    organisation_id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.work = self.database.work("reports")
        files = ImportFiles(self.storage, self.most_rows)
        failures = StoredFailures(self.work)
        self.needs = ImportNeeds(files=files, failed_rows=failures, links=LINKS, days=7, clock=self.now)
        dependencies = Dependencies(facts=FACTS, imports=self.needs)
        self.inline = Inline(self.database.engine, declarations_in(actors), {"reports": dependencies}, twice=self.twice)

    def now(self) -> datetime:
        """The time after all travels."""
        return self.inline.now()

    def upload(
        self,
        content: bytes,
        *,
        name: str = "people.csv",
        email: str = "boss@example.org",
        language: str = "en",
        reading: Reading | None = None,
        mapping: dict[str, Any] | None = None,
    ) -> UUID:
        """A file is uploaded. Nothing has looked at it yet."""
        import_id = new_id()
        key = source_key(self.organisation_id, import_id)
        new = NewImport(
            id=import_id,
            organisation_id=self.organisation_id,
            key_id=new_id(),
            file_name=name,
            storage_key=key,
            language=language,
            time_zone="Europe/Berlin",
            email=email,
            reading=reading or Reading(),
            options=Options(),
            mapping=mapping,
            expires_at=self.inline.now() + timedelta(days=7),
        )
        with self.work() as session:
            imports.register(session, new)
        self.storage.put(key, content, "application/octet-stream")
        with self.work() as session:
            imports.received(session, self.organisation_id, import_id, size=len(content), sha256=b"\0" * 32)
        return import_id

    def start(
        self, import_id: UUID, *, mapping: Mapping[str, Any] | None = None, options: Options | None = None
    ) -> Import:
        with self.work() as session:
            return imports.start(session, self.organisation_id, import_id, mapping, options, now=self.now())

    def check(self, import_id: UUID, mapping: Mapping[str, Any] | None = None) -> Import:
        with self.work() as session:
            return imports.check(session, self.organisation_id, import_id, mapping, None)

    def cancel(self, import_id: UUID) -> Import:
        with self.work() as session:
            return imports.cancel(session, self.organisation_id, import_id, now=self.inline.now())

    def run(self) -> list[Ran]:
        return self.inline.drain_all()

    def step(self) -> bool:
        """Run the next job alone. False where none is due."""
        taken = self.inline._take()
        if taken is None:
            return False
        for declaration in self.inline._hearers(taken[0], taken[1]):
            self.inline._deliver(declaration, taken[2])
        return True

    def take_in(self, content: bytes, *, options: Options | None = None, **upload: Any) -> Import:
        """The whole way, from the upload to the end."""
        import_id = self.upload(content, **upload)
        self.run()
        self.start(import_id, options=options)
        self.run()
        return self.get(import_id)

    def get(self, import_id: UUID) -> Import:
        """An import as it stands, with the counts of now."""
        with self.work() as session:
            found = Imports(session).get(import_id)
            assert found is not None
            return found if found.finished_at else replace(found, counts=Imports(session).counted(import_id))

    def failures(self, import_id: UUID) -> list[list[str]]:
        """The file of the rows that failed."""
        key = self.get(import_id).failures_key
        assert key is not None
        text = self.storage.get(key).decode("utf-8-sig")
        return list(csv.reader(StringIO(text, newline="")))

    def people(self) -> dict[str, tuple[str, str | None, Any]]:
        """Who is known, by address."""
        rows = self.database.query("SELECT email, name, phone, extra FROM reports.people")
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def published(self, kind: str) -> list[dict[str, Any]]:
        """The fields of what was published and nobody here hears."""
        rows = self.database.query("SELECT body FROM messaging.outbox WHERE kind = %s ORDER BY id", kind)
        return [json.loads(row[0])["kwargs"] for row in rows]


class LosingStorage(Storage):
    """A storage that says yes, and has lost what `loses` names when it is asked for it; that is full, or away, for others."""

    loses: Callable[[str], bool] = staticmethod(lambda _key: False)
    is_full: Callable[[str], bool] = staticmethod(lambda _key: False)
    is_away: Callable[[str], bool] = staticmethod(lambda _key: False)

    def get(self, key: str) -> bytes:
        if self.is_away(key):
            raise StorageUnavailable("the disk does not answer")
        return super().get(key)

    def put_stream(self, key: str, pieces: Iterable[bytes], content_type: str) -> int:
        if self.is_full(key):
            raise StorageUnavailable("the disk is full")
        return super().put_stream(key, pieces, content_type)

    def put(self, key: str, data: bytes, content_type: str) -> None:
        if not self.loses(key):
            super().put(key, data, content_type)
