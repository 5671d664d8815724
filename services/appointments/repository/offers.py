"""Times that were offered instead of one that was taken."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.models import OfferRow
from shared.ids import new_id


class Offers:
    """What was offered for each appointment."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def replace(self, appointment_id: UUID, starts: Iterable[datetime]) -> None:
        """Offer these times, and no longer those that were offered before and not taken."""
        self._session.execute(
            delete(OfferRow).where(OfferRow.appointment_id == appointment_id, OfferRow.taken_at.is_(None))
        )
        rows = [{"id": new_id(), "appointment_id": appointment_id, "starts_at": start} for start in starts]
        if rows:
            statement = insert(OfferRow).values(rows)
            key = [OfferRow.appointment_id, OfferRow.starts_at]
            self._session.execute(statement.on_conflict_do_update(index_elements=key, set_={"taken_at": None}))

    def open(self, appointment_id: UUID) -> Sequence[datetime]:
        """What is offered and not taken, earliest first."""
        query = select(OfferRow.starts_at).where(OfferRow.appointment_id == appointment_id, OfferRow.taken_at.is_(None))
        return self._session.execute(query.order_by(OfferRow.starts_at)).scalars().all()

    def take(self, appointment_id: UUID, starts_at: datetime) -> bool:
        """Whether this time is offered; it is taken from now on."""
        mine = (OfferRow.appointment_id == appointment_id) & (OfferRow.starts_at == starts_at)
        statement = update(OfferRow).where(mine, OfferRow.taken_at.is_(None)).values(taken_at=func.clock_timestamp())
        return self._session.execute(statement.returning(OfferRow.id)).scalar() is not None
