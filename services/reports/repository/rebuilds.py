"""Rebuilds of the projection, and whether it is whole."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.domain.rebuilds import Rebuild, RebuildState
from services.reports.models import RebuildRow

_NOW = func.clock_timestamp()


class Rebuilds:
    """At most one of them runs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def start(self, rebuild_id: UUID) -> bool:
        """A new one; False where one runs already."""
        statement = (
            insert(RebuildRow)
            .values(id=rebuild_id, state=RebuildState.RUNNING.value)
            .on_conflict_do_nothing()
            .returning(RebuildRow.id)
        )
        return self._session.execute(statement).scalar() is not None

    def hold(self, rebuild_id: UUID) -> Rebuild | None:
        """One, held against others until the transaction ends."""
        row = self._session.scalar(select(RebuildRow).where(RebuildRow.id == rebuild_id).with_for_update())
        return None if row is None else _rebuild(row)

    def newest(self) -> Rebuild | None:
        """The one that was started last."""
        row = self._session.scalar(select(RebuildRow).order_by(RebuildRow.started_at.desc()).limit(1))
        return None if row is None else _rebuild(row)

    def emptied(self, rebuild_id: UUID, *, until: int, total: int) -> None:
        """Nothing is left of the former projection: `total` events up to number `until` come next."""
        self._change(rebuild_id, emptied_at=_NOW, until=until, total=total)

    def advance(self, rebuild_id: UUID, *, reached: int, count: int) -> None:
        """So many more events are in the projection."""
        self._change(rebuild_id, reached=reached, applied=RebuildRow.applied + count)

    def finish(self, rebuild_id: UUID) -> None:
        """All events are in the projection."""
        self._change(rebuild_id, state=RebuildState.DONE.value, finished_at=_NOW)

    def fail(self, rebuild_id: UUID, failure: str) -> None:
        """It goes no further."""
        self._change(rebuild_id, state=RebuildState.FAILED.value, failure=failure, finished_at=_NOW)

    def leave_projection_whole(self) -> bool:
        """Whether everything that was told is in the projection: no rebuild runs, and the last one came to its end."""
        newest = self.newest()
        return newest is None or newest.state is RebuildState.DONE

    def _change(self, rebuild_id: UUID, **values: object) -> None:
        statement = update(RebuildRow).where(RebuildRow.id == rebuild_id).values(**values)
        self._session.execute(statement.execution_options(synchronize_session=False))


def _rebuild(row: RebuildRow) -> Rebuild:
    return Rebuild(
        id=row.id,
        state=RebuildState(row.state),
        reached=row.reached,
        until=row.until,
        applied=row.applied,
        total=row.total,
        failure=row.failure,
        started_at=row.started_at,
        emptied_at=row.emptied_at,
        finished_at=row.finished_at,
    )
