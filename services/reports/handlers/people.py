"""Taking the rows of a chunk in: whoever is new is written down, who is known is changed where something differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from services.reports.domain.imported_rows import in_chunks, marked
from services.reports.domain.imports import Counts, Import, ImportState, Row, chunk_key
from services.reports.domain.people import FailedRow, Person
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.handlers.import_reading import row_reader
from services.reports.repository.imports import Imports
from services.reports.repository.people import People
from shared.contracts.notifications import WelcomePerson
from shared.messaging.outbox import Session, publish_all


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of an import."""

    of: Import
    number: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a chunk, as they were read."""

    people: Sequence[Person]
    failed: Sequence[FailedRow]


def prepare(session: Session, import_id: UUID, number: int) -> Chunk | None:
    """The chunk; None where it was taken in, or the import was cancelled."""
    found = Imports(session).get(import_id)
    if found is None or found.state is not ImportState.RUNNING or Imports(session).has_chunk(import_id, number):
        return None
    return Chunk(found, number)


def read(needs: ImportNeeds, chunk: Chunk) -> Rows:
    """Read its rows."""
    reader = row_reader(chunk.of)
    read_rows = [reader.read(row) for row in rows_of(needs, chunk.of, chunk.number)]
    return Rows(
        [row for row in read_rows if isinstance(row, Person)],
        [row for row in read_rows if isinstance(row, FailedRow)],
    )


def record(session: Session, chunk: Chunk, rows: Rows) -> None:
    """Take them in, all of them or none, and count them; welcome who is new, where that was asked for."""
    found = chunk.of
    taken = People(session).take_in(found.organisation_id, rows.people)
    created = len(taken.created)
    counts = Counts(created, taken.updated, len(rows.people) - created - taken.updated, len(rows.failed))
    Imports(session).add_failed(found.id, rows.failed)
    Imports(session).add_chunk(found.id, chunk.number, counts)
    if found.options.welcome and created:
        welcomes = [_welcome(found, person_id, person) for person_id, person in taken.created.items()]
        publish_all(session, welcomes, organisation_id=found.organisation_id)


def rows_of(needs: ImportNeeds, found: Import, number: int) -> Sequence[Row]:
    """The rows of a chunk. One that the storage has lost is cut from the file once more."""
    kept = needs.files.chunk(chunk_key(found.organisation_id, found.id, number))
    if kept is not None:
        return kept
    with needs.files.rows(found.source_key, found.reading) as rows:
        chunks = in_chunks(marked(rows, row_reader(found).mapping.email))
        return next(islice(chunks, number, None))


def _welcome(found: Import, person_id: UUID, person: Person) -> WelcomePerson:
    return WelcomePerson(
        key=f"welcome:{person_id}",
        organisation_id=found.organisation_id,
        person_id=person_id,
        name=person.name,
        email=person.email,
        language=person.language or found.language,
        sender=found.options.sender,
        text=found.options.text,
    )
