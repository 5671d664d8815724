"""Reading the file of an import: its columns, a dry run, and cutting it into chunks. All can be repeated from the start.

A file that is no list of people is no failed job: it is written down with the import, for whoever has uploaded it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.reports.domain.imported_rows import Checked, in_chunks, marked
from services.reports.domain.imports import Found, Import, ImportState, Refused, chunk_key
from services.reports.domain.mapping import resolve, suggest
from services.reports.domain.people import RowReader
from services.reports.errors import FileRefusedError
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.handlers.imports import end_refused
from services.reports.repository.imports import Imports
from shared.contracts.reports import ImportChunk
from shared.messaging.batch import add_to_batch
from shared.messaging.outbox import Session


@dataclass(frozen=True, slots=True)
class Cut:
    """What cutting up a file has led to."""

    rows: int
    chunks: int


def prepare(session: Session, import_id: UUID, state: ImportState) -> Import | None:
    """The import, if it is in this state; None where there is nothing left to do."""
    found = Imports(session).get(import_id)
    return found if found is not None and found.state is state else None


def row_reader(found: Import) -> RowReader:
    """Reads the rows of an import whose mapping is chosen."""
    mapping = resolve(found.mapping or {}, found.columns)
    return RowReader(mapping, len(found.columns), found.options.country, found.language)


def analyse(needs: ImportNeeds, found: Import) -> Found | Refused:
    """Look through the file."""
    try:
        return needs.files.look_through(found.source_key, found.reading)
    except FileRefusedError as error:
        return Refused(error.refusal, str(error))


def record_analysis(session: Session, needs: ImportNeeds, found: Import, result: Found | Refused) -> None:
    """Write down what was found, and wait for a person to choose."""
    if not _still(session, found):
        return
    if isinstance(result, Refused):
        end_refused(session, needs, found, result)
        return
    Imports(session).change(
        found.id,
        state=ImportState.UPLOADED,
        reading=result.reading.as_json(),
        columns=[column.as_json() for column in result.columns],
        suggested=suggest(result.columns),
        row_count=result.row_count,
    )


def dry_run(needs: ImportNeeds, found: Import) -> dict[str, Any] | Refused:
    """Look at all rows as if the import ran."""
    reader, checked = row_reader(found), Checked()
    try:
        with needs.files.rows(found.source_key, found.reading) as rows:
            for row in marked(rows, reader.mapping.email):
                checked.look_at(row, reader)
    except FileRefusedError as error:
        return Refused(error.refusal, str(error))
    return checked.as_json()


def record_dry_run(session: Session, needs: ImportNeeds, found: Import, result: dict[str, Any] | Refused) -> None:
    """Write down what it showed, and wait again."""
    if not _still(session, found):
        return
    if isinstance(result, Refused):
        end_refused(session, needs, found, result)
        return
    Imports(session).change(found.id, state=ImportState.UPLOADED, checked=result)


def split(needs: ImportNeeds, found: Import) -> Cut | Refused:
    """Write the chunks. Done twice, the same ones stand under the same keys."""
    place = row_reader(found).mapping.email
    rows_seen = chunks = 0
    try:
        with needs.files.rows(found.source_key, found.reading) as rows:
            for chunk in in_chunks(marked(rows, place)):
                needs.files.put_chunk(chunk_key(found.organisation_id, found.id, chunks), chunk)
                rows_seen, chunks = rows_seen + len(chunk), chunks + 1
    except FileRefusedError as error:
        return Refused(error.refusal, str(error))
    return Cut(rows_seen, chunks)


def record_split(session: Session, needs: ImportNeeds, found: Import, result: Cut | Refused) -> None:
    """Add a member for each chunk to the batch that this job is a member of."""
    if not _still(session, found):
        return
    if isinstance(result, Refused):
        end_refused(session, needs, found, result)
        return
    assert found.batch_id is not None
    Imports(session).change(found.id, state=ImportState.RUNNING, row_count=result.rows, chunk_count=result.chunks)
    members = [ImportChunk(import_id=found.id, chunk=chunk) for chunk in range(result.chunks)]
    add_to_batch(session, found.batch_id, members)


def _still(session: Session, found: Import) -> bool:
    """Whether the import is where it was: it may have been cancelled meanwhile. It is held until the transaction ends."""
    now = Imports(session).get(found.id, held=True)
    return now is not None and now.state is found.state
