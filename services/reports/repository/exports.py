"""Exports, as they were asked for and as they stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.domain.exports import Export, Filter, Format, Kind, Language, State, Wanted
from services.reports.models import ExportRow
from shared.database.lists import is_one_of

_OPEN: Final = (State.QUEUED.value, State.RUNNING.value)
_WANTED: Final = ("id", "organisation_id", "key_id", "time_zone", "email", "file_name", "storage_key")
_STANDING: Final = (
    *("progress", "row_count", "size", "failure_code", "failure", "created_at", "finished_at", "expires_at"),
)


class Exports:
    """All exports of all organisations."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, wanted: Wanted) -> None:
        """One that nobody has begun."""
        values = {name: getattr(wanted, name) for name in _WANTED}
        enums = {name: getattr(wanted, name).value for name in ("kind", "format", "language")}
        statement = insert(ExportRow).values(
            **values, **enums, filter=wanted.filter.as_stored(), state=State.QUEUED.value
        )
        self._session.execute(statement)

    def get(self, export_id: UUID) -> Export | None:
        """One, as it stands."""
        return self._one(ExportRow.id == export_id)

    def lock(self, export_id: UUID) -> Export | None:
        """One, held against others until the transaction ends."""
        return self._one(ExportRow.id == export_id, lock=True)

    def of_organisation(self, organisation_id: UUID, export_id: UUID) -> Export | None:
        """One of the organisation's; None where it has none with this id."""
        return self._one(ExportRow.id == export_id, ExportRow.organisation_id == organisation_id)

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Export]:
        """The organisation's, newest first, from behind `after`."""
        query = select(ExportRow).where(ExportRow.organisation_id == organisation_id)
        if after is not None:
            query = query.where(ExportRow.id < after)
        return [_export(row) for row in self._session.scalars(query.order_by(ExportRow.id.desc()).limit(count))]

    def count_open(self, organisation_id: UUID) -> int:
        """How many of the organisation's wait or run."""
        query = select(func.count()).where(ExportRow.organisation_id == organisation_id, ExportRow.state.in_(_OPEN))
        return self._session.scalar(query) or 0

    def begin(self, export_id: UUID) -> None:
        """It runs, from the start."""
        self._change(ExportRow.id == export_id, state=State.RUNNING.value, progress=0, failure_code=None, failure=None)

    def reach(self, export_id: UUID, progress: int) -> None:
        """It has come so far."""
        self._change(and_(ExportRow.id == export_id, ExportRow.state == State.RUNNING.value), progress=progress)

    def finish(self, export_id: UUID, *, rows: int, size: int, now: datetime, expires_at: datetime) -> None:
        """Its file is there."""
        self._change(
            ExportRow.id == export_id,
            state=State.READY.value,
            progress=100,
            row_count=rows,
            size=size,
            finished_at=now,
            expires_at=expires_at,
        )

    def fail(self, export_id: UUID, *, code: str, failure: str, now: datetime, expires_at: datetime) -> None:
        """There will be no file, for this reason."""
        self._change(
            ExportRow.id == export_id,
            state=State.FAILED.value,
            failure_code=code,
            failure=failure,
            finished_at=now,
            expires_at=expires_at,
        )

    def over(self, now: datetime, forgotten: datetime, count: int) -> Sequence[Export]:
        """Those whose time is over; and those that were asked for before `forgotten`, whatever has become of them."""
        ended = or_(ExportRow.expires_at <= now, ExportRow.created_at < forgotten)
        return [_export(row) for row in self._session.scalars(select(ExportRow).where(ended).limit(count))]

    def remove(self, export_ids: Sequence[UUID]) -> None:
        """Forget them."""
        self._session.execute(delete(ExportRow).where(is_one_of(ExportRow.id, export_ids)))

    def _one(self, *conditions: Any, lock: bool = False) -> Export | None:
        query = select(ExportRow).where(*conditions)
        row = self._session.scalar(query.with_for_update() if lock else query)
        return None if row is None else _export(row)

    def _change(self, which: Any, **values: Any) -> None:
        statement = update(ExportRow).where(which).values(**values)
        self._session.execute(statement.execution_options(synchronize_session=False))


def _export(row: ExportRow) -> Export:
    return Export(
        id=row.id,
        organisation_id=row.organisation_id,
        key_id=row.key_id,
        kind=Kind(row.kind),
        format=Format(row.format),
        filter=Filter.stored(row.filter),
        language=Language(row.language),
        time_zone=row.time_zone,
        email=row.email,
        state=State(row.state),
        **{name: getattr(row, name) for name in _STANDING},
    )
