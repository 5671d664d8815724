"""Asking for an export, and what becomes of it for whoever asked."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from services.reports.domain.export_words import WORDS
from services.reports.domain.exports import (
    KEPT_FOR,
    MOST_OPEN,
    Asked,
    Export,
    State,
    Wanted,
    check_filter,
    public_path,
)
from services.reports.errors import ExportExpiredError, TooManyExportsError, UnknownExportError
from services.reports.handlers.export_needs import ExportNeeds, Links
from services.reports.repository.exports import Exports
from shared.contracts.notifications import TellAboutReport
from shared.contracts.reports import MarkExportFailed, RunExport
from shared.errors import BellhopError
from shared.ids import new_id
from shared.messaging.outbox import Session, publish

INTERNAL = "internal_error"
TIME_LIMIT = "time_limit"


def ask(session: Session, organisation_id: UUID, key_id: UUID, asked: Asked) -> UUID:
    """Take an export in, to be made soon. Returns its id. Raises ExportFilterError, TooManyExportsError."""
    check_filter(asked.kind, asked.filter)
    exports = Exports(session)
    if exports.count_open(organisation_id) >= MOST_OPEN:
        raise TooManyExportsError(f"{MOST_OPEN} exports wait already: ask again when some of them are ready")
    wanted = Wanted(
        **{one.name: getattr(asked, one.name) for one in fields(asked)},
        id=new_id(),
        organisation_id=organisation_id,
        key_id=key_id,
    )
    exports.add(wanted)
    message = RunExport(export_id=wanted.id, organisation_id=organisation_id)
    publish(session, message, organisation_id=organisation_id)
    return wanted.id


def show(session: Session, organisation_id: UUID, export_id: UUID, now: datetime) -> Export:
    """One of the organisation's. Raises UnknownExportError, ExportExpiredError."""
    found = Exports(session).of_organisation(organisation_id, export_id)
    if found is None:
        raise UnknownExportError("there is no such export; its file was kept for a week at most")
    return _kept(found, now)


def to_download(session: Session, export_id: UUID, now: datetime) -> Export:
    """One whose link was opened, which is checked before. Raises UnknownExportError, ExportExpiredError."""
    found = Exports(session).get(export_id)
    if found is None or found.state is not State.READY:
        raise UnknownExportError("this file is no longer kept")
    return _kept(found, now)


def page(session: Session, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Export]:
    """The organisation's, newest first."""
    return Exports(session).page(organisation_id, after=after, count=count)


def link(links: Links, export: Export) -> str:
    """The link that whoever has it can open until the export expires."""
    assert export.expires_at is not None
    return links.url(public_path(export.id), export.expires_at)


def record_failure(session: Session, needs: ExportNeeds, message: RunExport, error: BaseException) -> None:
    """Write why an export failed finally. Whoever asked is told by `mark_failed`, which follows."""
    found = Exports(session).lock(message.export_id)
    if found is not None and found.state is not State.READY:
        _fail(session, needs, found, _code(error))


def mark_failed(session: Session, needs: ExportNeeds, message: MarkExportFailed) -> None:
    """An export's message has failed, whoever ended it: write so where nobody has, and tell whoever asked."""
    exports = Exports(session)
    found = exports.lock(UUID(message.fields["export_id"]))
    if found is None or found.state is State.READY:
        return
    if found.state is not State.FAILED:
        _fail(session, needs, found, INTERNAL)
    if found.email:
        failed = exports.get(found.id)
        assert failed is not None
        publish(session, _letter(failed, "export_failed", reason=failed.failure or ""))


def tell_ready(session: Session, needs: ExportNeeds, export: Export) -> None:
    """Tell whoever asked, if they want to be told."""
    if export.email:
        url = link(needs.links, export)
        publish(session, _letter(export, "export_ready", url=url, counts={"rows": export.row_count or 0}))


def _fail(session: Session, needs: ExportNeeds, export: Export, code: str) -> None:
    now, why = needs.clock(), WORDS[export.language].why(code)
    Exports(session).fail(export.id, code=code, failure=why, now=now, expires_at=now + KEPT_FOR)


def _code(error: BaseException) -> str:
    """The stable name of what went wrong. What nobody foresaw stands in the log alone; what is no Exception is the
    interrupt of the time limit.
    """
    if isinstance(error, BellhopError):
        return error.code
    return INTERNAL if isinstance(error, Exception) else TIME_LIMIT


def _letter(export: Export, letter: str, **says: object) -> TellAboutReport:
    return TellAboutReport.model_validate(
        {
            "letter": letter,
            "key": f"export:{export.id}:{letter}",
            "organisation_id": export.organisation_id,
            "email": export.email,
            "language": export.language.value,
            "time_zone": export.time_zone,
            "subject_of": export.file_name,
            "expires_at": export.expires_at if letter == "export_ready" else None,
            **says,
        }
    )


def _kept(found: Export, now: datetime) -> Export:
    if found.is_expired(now):
        raise ExportExpiredError("the file of this export is no longer kept: ask for a new one")
    return found
