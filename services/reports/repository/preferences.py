"""What organisations want of their reports."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.domain.preferences import Preferences
from services.reports.models import PreferencesRow


class AllPreferences:
    """Preferences by organisation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, organisation_id: UUID) -> Preferences | None:
        """None where the organisation never said any."""
        row = self._session.get(PreferencesRow, organisation_id)
        return None if row is None else Preferences(row.name, row.time_zone, row.language, tuple(row.weekly_to))

    def put(self, organisation_id: UUID, wanted: Preferences) -> None:
        """Keep these from now on."""
        row = {
            "name": wanted.name,
            "time_zone": wanted.time_zone,
            "language": wanted.language,
            "weekly_to": list(wanted.weekly_to),
            "changed_at": func.clock_timestamp(),
        }
        statement = insert(PreferencesRow).values(organisation_id=organisation_id, **row)
        self._session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=row))

    def with_readers(self) -> Sequence[UUID]:
        """The organisations that want a weekly report."""
        readers = select(PreferencesRow.organisation_id).where(func.cardinality(PreferencesRow.weekly_to) > 0)
        return list(self._session.scalars(readers.order_by(PreferencesRow.organisation_id)))

    def is_time_zone(self, name: str) -> bool:
        """Whether the database, which counts the days, knows this time zone too."""
        known = text("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = :name)")
        return bool(self._session.scalar(known, {"name": name}))
