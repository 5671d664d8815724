"""Making the file of an export: rows of one snapshot into a temporary file, and that into the storage.

Nothing of it runs in a transaction that writes. Whoever is killed in the middle is followed by another, who begins anew
and writes the same object.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.reports.domain.cells import Style
from services.reports.domain.documents import Document
from services.reports.domain.exports import KEPT_FOR, Export, Format, State, percentage
from services.reports.errors import ExportTooLargeError, FileLostError
from services.reports.handlers import exports
from services.reports.handlers.export_needs import ExportFile, ExportNeeds
from services.reports.handlers.projection import projection_is_whole
from services.reports.handlers.rights import assure_key_stands
from services.reports.repository.export_rows import ExportRows
from services.reports.repository.exports import Exports
from shared.contracts.reports import RunExport
from shared.messaging.outbox import Session


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is in the storage: how many rows it has, and bytes."""

    rows: int
    size: int


def prepare(session: Session, message: RunExport) -> Export | None:
    """Begin an export; None where there is nothing to do. Raises KeyRevokedError."""
    found = Exports(session).lock(message.export_id)
    if found is None or found.state is State.READY:
        return None
    assure_key_stands(session, found.key_id)
    Exports(session).begin(found.id)
    return found


def make(needs: ExportNeeds, export: Export) -> Made | None:
    """Write the file and store it; None where the projection is not whole: it must be asked for again later.

    Raises ExportTooLargeError, KeyRevokedError, FileLostError, TypesettingError, ScratchUnavailableError, and what the
    storage raises.
    """
    with ExitStack() as stack:
        with needs.snapshot() as session:
            if not projection_is_whole(session):
                return None
            document = _describe(session, needs, export)
            file = stack.enter_context(needs.files.begin(document))
            _copy(session, needs, document, file)
        file.finish()
        return Made(document.count, _store(needs, export, file))


def record(session: Session, needs: ExportNeeds, export: Export, made: Made) -> None:
    """The file is there: its link is good from now on. Raises KeyRevokedError."""
    if Exports(session).lock(export.id) is None:
        return
    assure_key_stands(session, export.key_id)
    now = needs.clock()
    Exports(session).finish(export.id, rows=made.rows, size=made.size, now=now, expires_at=now + KEPT_FOR)
    ready = Exports(session).get(export.id)
    assert ready is not None
    exports.tell_ready(session, needs, ready)


def _describe(session: Session, needs: ExportNeeds, export: Export) -> Document:
    count = ExportRows(session).count(export.kind, export.organisation_id, export.filter)
    if export.format is Format.PDF and count > needs.pdf_rows:
        raise ExportTooLargeError(f"{count} rows do not go into a PDF file, which has {needs.pdf_rows} at most")
    return Document(export, Style(export.language, ZoneInfo(export.time_zone)), needs.clock(), count)


def _copy(session: Session, needs: ExportNeeds, document: Document, file: ExportFile) -> None:
    """All rows into the file. How far it has come is written in transactions of their own, a hundred at most."""
    export, done, told = document.export, 0, 0
    reading = ExportRows(session)
    for rows in reading.pieces(export.kind, export.organisation_id, export.filter, needs.rows_at_once):
        file.add(rows)
        done += len(rows)
        reached = percentage(done, document.count)
        if reached > told:
            told = reached
            with needs.work() as own:
                Exports(own).reach(export.id, reached)


def _store(needs: ExportNeeds, export: Export, file: ExportFile) -> int:
    """Into the storage, and look whether it is there: some say yes and have nothing."""
    with needs.work() as session:
        assure_key_stands(session, export.key_id)
    size = needs.storage.put_stream(export.storage_key, file.pieces(), export.content_type)
    found = needs.storage.head(export.storage_key).size
    if found != size:
        raise FileLostError(f"{export.storage_key} has {found} bytes in the storage, of {size} that were written")
    return size
