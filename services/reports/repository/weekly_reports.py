"""The weekly reports that were made."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.models import WeeklyReportRow


class WeeklyReports:
    """One for each organisation and week at the most."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def has(self, organisation_id: UUID, monday: date) -> bool:
        return self._session.get(WeeklyReportRow, (organisation_id, monday)) is not None

    def add(self, organisation_id: UUID, monday: date, storage_keys: Sequence[str]) -> bool:
        """False where it was made already."""
        row = {"organisation_id": organisation_id, "monday": monday, "storage_keys": list(storage_keys)}
        statement = insert(WeeklyReportRow).values(row).on_conflict_do_nothing().returning(WeeklyReportRow.monday)
        return self._session.execute(statement).scalar() is not None

    def with_files_before(self, moment: datetime) -> Sequence[tuple[UUID, date]]:
        """Those that were made before then and whose files are still there."""
        row = WeeklyReportRow
        old = select(row.organisation_id, row.monday).where(
            row.made_at < moment, func.cardinality(row.storage_keys) > 0
        )
        return [(organisation_id, monday) for organisation_id, monday in self._session.execute(old)]

    def storage_keys(self, organisation_id: UUID, monday: date) -> Sequence[str]:
        row = self._session.get(WeeklyReportRow, (organisation_id, monday))
        return [] if row is None else list(row.storage_keys)

    def forget_files(self, organisation_id: UUID, monday: date) -> None:
        """They are removed. The row stays, so that no report is made twice."""
        row = WeeklyReportRow
        these = (row.organisation_id == organisation_id, row.monday == monday)
        self._session.execute(update(row).where(*these).values(storage_keys=[]))
