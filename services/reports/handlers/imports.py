"""What people do with an import: upload, try, start, cancel it. And what is said when it cannot go on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.reports.domain.imports import OVER, WITH_BATCH, Import, ImportState, Options, Refused
from services.reports.domain.mapping import resolve
from services.reports.errors import ImportNotFoundError, ImportNotReadyError
from services.reports.handlers.import_needs import ImportNeeds
from services.reports.repository.imports import Imports, NewImport
from shared.contracts.notifications import TellAboutReport
from shared.contracts.reports import AnalyseImport, DryRunImport, FinishImport, MarkImportFailed, SplitImport
from shared.messaging.batch import Batch, InvalidBatchError, cancel_batch, publish_batch
from shared.messaging.outbox import Session, publish

_ON_OUR_SIDE: Final = "something went wrong on our side, and was logged: upload the file once more, or ask for help"


def register(session: Session, new: NewImport) -> None:
    """Write an import down, before its file is: what is never finished is found, and removed."""
    Imports(session).add(new)


def received(session: Session, organisation_id: UUID, import_id: UUID, *, size: int, sha256: bytes) -> Import:
    """The file is in the storage: have it looked through."""
    Imports(session).change(import_id, size=size, sha256=sha256, state=ImportState.ANALYSING)
    publish(session, AnalyseImport(import_id=import_id), organisation_id=organisation_id)
    return _found(session, organisation_id, import_id)


def check(
    session: Session, organisation_id: UUID, import_id: UUID, mapping: Mapping[str, Any] | None, options: Options | None
) -> Import:
    """Have all rows looked at as if the import ran.

    Raises ImportNotFoundError, ImportNotReadyError, ImportMappingInvalidError.
    """
    wanted = _prepared(session, organisation_id, import_id, mapping, options)
    Imports(session).change(import_id, state=ImportState.CHECKING, checked=None, **wanted)
    publish(session, DryRunImport(import_id=import_id), organisation_id=organisation_id)
    return _found(session, organisation_id, import_id)


def start(
    session: Session,
    organisation_id: UUID,
    import_id: UUID,
    mapping: Mapping[str, Any] | None,
    options: Options | None,
    *,
    now: datetime,
) -> Import:
    """Start the batch. Its first member cuts the file up, and adds a member for each chunk. Raises as `check` does."""
    wanted = _prepared(session, organisation_id, import_id, mapping, options)
    batch = Batch(
        f"import {import_id}",
        [SplitImport(import_id=import_id)],
        finally_=FinishImport(import_id=import_id),
        allow_failures=True,
    )
    batch_id = publish_batch(session, batch, organisation_id=organisation_id)
    Imports(session).change(import_id, state=ImportState.SPLITTING, batch_id=batch_id, started_at=now, **wanted)
    return _found(session, organisation_id, import_id)


def cancel(session: Session, organisation_id: UUID, import_id: UUID, *, now: datetime) -> Import:
    """Take in no further chunk. Rows that were taken in stay; chunks that are under way are taken in to their end.

    Cancelled twice, it is cancelled once. Raises ImportNotFoundError, ImportNotReadyError if it is over.
    """
    found = _found(session, organisation_id, import_id, held=True)
    if found.state is ImportState.CANCELLED:
        return found
    if found.state in OVER or found.state is ImportState.FINISHING:
        raise ImportNotReadyError(f"the import is {found.state}: there is nothing left to cancel")
    values: dict[str, Any] = {"state": ImportState.CANCELLED}
    if found.state not in WITH_BATCH or not _batch_cancelled(session, found):
        values["finished_at"] = now
    Imports(session).change(import_id, **values)
    return _found(session, organisation_id, import_id)


def _batch_cancelled(session: Session, found: Import) -> bool:
    """Cancel the batch of an import. False where it has ended at this moment: then its end counts the rows as well."""
    assert found.batch_id is not None
    try:
        cancel_batch(session, found.batch_id)
    except InvalidBatchError:
        raise ImportNotReadyError("the import has come to its end just now: there is nothing left to cancel") from None
    return True


def mark_failed(session: Session, needs: ImportNeeds, notice: MarkImportFailed) -> None:
    """A job of an import finally failed: the import is over, and whoever asked for it is told."""
    found = Imports(session).get(UUID(notice.fields["import_id"]), held=True)
    if found is None or found.state in OVER:
        return
    finishing = "its rows were taken in as far as they are counted, but the file of failed rows could not be written; "
    text = (finishing if notice.failed_kind == FinishImport.kind else "") + _ON_OUR_SIDE
    end_refused(session, needs, found, Refused("not_processed", text))


def end_refused(session: Session, needs: ImportNeeds, found: Import, refused: Refused) -> None:
    """End an import as failed, and say why."""
    Imports(session).change(
        found.id,
        state=ImportState.FAILED,
        failure_code=refused.code,
        failure=refused.reason,
        finished_at=needs.clock(),
        **Imports(session).counted(found.id).as_json(),
    )
    if not found.email:
        return
    letter = TellAboutReport(
        letter="import_failed",
        key=f"import:{found.id}:failed",
        organisation_id=found.organisation_id,
        email=found.email,
        language=found.language,
        time_zone=found.time_zone,
        subject_of=found.file_name,
        reason=refused.reason,
    )
    publish(session, letter, organisation_id=found.organisation_id)


def _prepared(
    session: Session, organisation_id: UUID, import_id: UUID, mapping: Mapping[str, Any] | None, options: Options | None
) -> dict[str, Any]:
    """The columns to write for what is wanted: what is not said is as it was said before, or as it was suggested."""
    found = _found(session, organisation_id, import_id, held=True)
    if found.state is not ImportState.UPLOADED:
        raise ImportNotReadyError(f"the import is {found.state}: it can be tried and started when it is uploaded")
    wanted = mapping or found.mapping or found.suggested or {}
    resolve(wanted, found.columns)
    return {"mapping": dict(wanted), "options": (options or found.options).as_json()}


def _found(session: Session, organisation_id: UUID, import_id: UUID, *, held: bool = False) -> Import:
    found = Imports(session).get(import_id, organisation_id=organisation_id, held=held)
    if found is None:
        raise ImportNotFoundError(f"there is no import {import_id}")
    return found
