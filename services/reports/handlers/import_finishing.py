"""The end of an import: the file of the rows that failed, the counts, the letter to whoever asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from typing import Any
from uuid import UUID

from services.reports.domain.imports import OVER, Counts, Import, ImportState, failures_key, failures_path
from services.reports.domain.mapping import OWN_HEADINGS
from services.reports.domain.people import FailedRow, kept_cells
from services.reports.domain.row_faults import reason_of
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.handlers.people import rows_of
from services.reports.repository.imports import Imports
from shared.contracts.notifications import TellAboutReport
from shared.messaging.batch import show_batch
from shared.messaging.outbox import Session, publish

FIRST_LINES = 10
"""Failed rows that the letter names; all of them are in the file."""


@dataclass(frozen=True, slots=True)
class Ending:
    """An import whose jobs have all ended. The chunks `not_taken` were given up: their rows failed."""

    of: Import
    is_cancelled: bool
    counts: Counts
    not_taken: Sequence[int]


def prepare(session: Session, import_id: UUID) -> Ending | None:
    """What is left to do; None where the import is over, or its file was never cut up."""
    imports = Imports(session)
    found = imports.get(import_id, held=True)
    if found is None or found.finished_at is not None or found.state in OVER - {ImportState.CANCELLED}:
        return None
    assert found.batch_id is not None
    is_cancelled = found.state is ImportState.CANCELLED or show_batch(session, found.batch_id).state == "cancelled"
    if found.chunk_count is None and not is_cancelled:
        return None
    if not is_cancelled:
        imports.change(import_id, state=ImportState.FINISHING)
    given_up = set() if is_cancelled else set(range(found.chunk_count or 0)) - imports.chunks_taken(import_id)
    return Ending(found, is_cancelled, imports.counted(import_id), sorted(given_up))


def write_failures(needs: ImportNeeds, ending: Ending) -> Counts:
    """Write the file of the rows that failed, if any did. Returns the counts with those of the chunks that were given up."""
    found, not_taken = ending.of, 0

    def given_up() -> Iterator[FailedRow]:
        nonlocal not_taken
        for chunk in ending.not_taken:
            for row in rows_of(needs, found, chunk):
                not_taken += 1
                reason = reason_of(found.language, None, "not_taken_in", "")
                yield FailedRow(row.number, None, "not_taken_in", reason, kept_cells(row))

    if ending.counts.failed or ending.not_taken:
        rows = merge(needs.failed_rows.of(found.id), given_up(), key=lambda row: row.number)
        headings = [*OWN_HEADINGS[found.language == "de"], *(column.heading for column in found.columns)]
        needs.files.put_failures(failures_key(found.organisation_id, found.id), headings, rows)
    counts = ending.counts
    return Counts(counts.created, counts.updated, counts.unchanged, counts.failed + not_taken)


def record(session: Session, needs: ImportNeeds, ending: Ending, counts: Counts) -> None:
    """Write the end down, and tell whoever asked, unless it was they who cancelled."""
    found, now = ending.of, needs.clock()
    expires_at = now + timedelta(days=needs.days)
    values: dict[str, Any] = {**counts.as_json(), "finished_at": now, "expires_at": expires_at}
    if counts.failed:
        values["failures_key"] = failures_key(found.organisation_id, found.id)
    state = ImportState.CANCELLED if ending.is_cancelled else ImportState.DONE
    Imports(session).change(found.id, state=state, **values)
    if ending.is_cancelled or not found.email:
        return
    first = Imports(session).failed(found.id, count=FIRST_LINES) if counts.failed else []
    row_word = OWN_HEADINGS[found.language == "de"][0]
    letter = TellAboutReport(
        letter="import_finished",
        key=f"import:{found.id}:finished",
        organisation_id=found.organisation_id,
        email=found.email,
        language=found.language,
        time_zone=found.time_zone,
        subject_of=found.file_name,
        url=needs.links.url(failures_path(found.id), expires_at) if counts.failed else "",
        expires_at=expires_at if counts.failed else None,
        counts=counts.as_json(),
        lines=tuple(f"{row_word} {row.number}: {row.reason}"[:500] for row in first),
    )
    publish(session, letter, organisation_id=found.organisation_id)
