"""Daily figures: computed from the projection, and read."""

# ruff: noqa: S608 - what is put together here are constants of this package

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.domain.figures import DailyFigure, Standing
from services.reports.models import DailyFigureRow, FigureStateRow
from services.reports.repository.figure_sources import OVER, SOURCES, counting, day_of
from shared.database.lists import is_one_of

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for the last time before the first."""

_STALE = text(f"""
    SELECT organisation_id FROM reports.stale_hours
    UNION
    SELECT events.organisation_id FROM reports.events
    LEFT JOIN reports.figure_states AS standing ON standing.organisation_id = events.organisation_id
    WHERE {OVER.format("events")} <= :now AND {OVER.format("events")} > coalesce(standing.computed_at, '-infinity')
""")
_TAKE_MARKS = text(f"""
    WITH marks AS (DELETE FROM reports.stale_hours WHERE organisation_id = :organisation RETURNING hour)
    SELECT DISTINCT day FROM (SELECT DISTINCT hour FROM marks) AS hours
    CROSS JOIN LATERAL (
        VALUES ({day_of("hour")}), ({day_of("(hour + interval '59 minutes 59 seconds')")})
    ) AS days(day)
    UNION
    SELECT {day_of("starts_at")} FROM reports.events
    WHERE organisation_id = :organisation AND {OVER.format("events")} <= :now AND {OVER.format("events")} > :since
""")
"""An hour of UTC lies on two days where a clock is half an hour off."""
_COUNT = text(
    "INSERT INTO reports.daily_figures (organisation_id, day, figure, dimension, currency, label, count, amount) "
    + " UNION ALL ".join(counting(source) for source in SOURCES)
)


class Figures:
    """The figures of all organisations, each of which is named in every call."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def stale_organisations(self, now: datetime) -> Sequence[UUID]:
        """Those of which something was heard since their figures were computed, or an event has come to its end."""
        return list(self._session.execute(_STALE, {"now": now}).scalars())

    def hold(self, organisation_id: UUID, time_zone: str) -> Standing:
        """How the figures stand, held against others until the transaction ends."""
        table = FigureStateRow.__table__
        first = insert(FigureStateRow).values(organisation_id=organisation_id, time_zone=time_zone, computed_at=NEVER)
        self._session.execute(first.on_conflict_do_nothing())
        found = self._session.execute(
            select(table).where(table.c.organisation_id == organisation_id).with_for_update()
        ).one()
        return Standing(found.time_zone, None if found.computed_at == NEVER else found.computed_at)

    def standing(self, organisation_id: UUID) -> Standing | None:
        """How the figures stand; None where none were ever asked for."""
        row = self._session.get(FigureStateRow, organisation_id)
        if row is None:
            return None
        return Standing(row.time_zone, None if row.computed_at == NEVER else row.computed_at)

    def take_stale_days(
        self, organisation_id: UUID, time_zone: str, now: datetime, since: datetime | None
    ) -> Sequence[date]:
        """The days about which something was heard, or on which an event was that ended after `since`.

        Their marks are removed: what is heard from now on leaves new ones.
        """
        asked = {"organisation": organisation_id, "zone": time_zone, "now": now, "since": since or NEVER}
        return list(self._session.execute(_TAKE_MARKS, asked).scalars())

    def compute(self, organisation_id: UUID, time_zone: str, now: datetime, days: Sequence[date] | None) -> None:
        """Put the figures of these days (None: of all days) in the place of what they were."""
        old = delete(DailyFigureRow).where(DailyFigureRow.organisation_id == organisation_id)
        self._session.execute(old if days is None else old.where(is_one_of(DailyFigureRow.day, days)))
        asked = {"organisation": organisation_id, "zone": time_zone, "now": now}
        self._session.execute(_COUNT, {**asked, "all_days": days is None, "days": list(days or ())})

    def settle(self, organisation_id: UUID, time_zone: str, now: datetime) -> None:
        """They are up to date."""
        row = {"organisation_id": organisation_id, "time_zone": time_zone, "computed_at": now}
        statement = insert(FigureStateRow).values(row)
        self._session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=row))

    def between(
        self, organisation_id: UUID, first: date, last: date, names: Sequence[str], most: int
    ) -> Sequence[DailyFigure]:
        """Up to `most` figures of these names, day by day."""
        table = DailyFigureRow.__table__.c
        statement = (
            select(table.day, table.figure, table.dimension, table.label, table.currency, table.count, table.amount)
            .where(
                table.organisation_id == organisation_id, table.day.between(first, last), is_one_of(table.figure, names)
            )
            .order_by(table.day, table.figure, table.dimension, table.currency)
            .limit(most)
        )
        return [DailyFigure(*row) for row in self._session.execute(statement)]
