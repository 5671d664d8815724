"""What is purged of the schema `ticketing`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.ticketing.domain.retention import Keep
from services.ticketing.models import EventRow
from shared.database.lists import is_one_of
from shared.messaging.purging import Purge, purge_in


def purges(keep: Keep) -> list[Purge]:
    """An order with its items, in one statement."""
    return [
        Purge(
            "ticketing.orders",
            "ticketing.orders",
            {"id": "uuid"},
            "row.status IN ('expired', 'cancelled') AND row.paid_at IS NULL "
            "AND greatest(row.expired_at, row.cancelled_at) < %(horizon)s "
            "AND NOT EXISTS (SELECT FROM ticketing.tickets AS one WHERE one.order_id = row.id)",
            keep.unpaid,
            reach="row.id < %(horizon_id)s AND row.status IN ('expired', 'cancelled') AND row.paid_at IS NULL",
            also=("DELETE FROM ticketing.order_items AS item USING gone WHERE item.order_id = gone.id",),
        )
    ]


def purge(session: Session, keep: Keep, seconds: float) -> bool:
    """Purge for so many seconds; whether nothing is left for now."""
    return purge_in(session, purges(keep), seconds)


class Pictures:
    """The events whose tickets still have pictures."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def over(self, before: datetime, count: int) -> Sequence[tuple[UUID, UUID]]:
        """Organisation and id of events that ended before this moment and whose pictures are there."""
        end = func.coalesce(EventRow.ends_at, EventRow.starts_at)
        query = select(EventRow.organisation_id, EventRow.id).where(
            EventRow.pictures_removed_at.is_(None), end < before
        )
        return [(row[0], row[1]) for row in self._session.execute(query.order_by(end).limit(count))]

    def note_removed(self, event_ids: Sequence[UUID]) -> None:
        """These have none any more."""
        self._session.execute(
            update(EventRow).where(is_one_of(EventRow.id, event_ids)).values(pictures_removed_at=func.clock_timestamp())
        )
