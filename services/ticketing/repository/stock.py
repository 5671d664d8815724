"""SQL of the stock counter: how many of a ticket type are held or sold."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from services.ticketing.models import TicketTypeRow
from services.ticketing.repository.locks import bounded_wait


class Stock:
    """The counters `reserved` of ticket types."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def change(self, changes: Mapping[UUID, int]) -> UUID | None:
        """Add to the counters all together or not at all; returns the id of the first ticket type that has too few.

        Orders are locked before ticket types, and ticket types in the order of their ids, so that nobody waits in a
        circle. An update that has waited for its row keeps the row's lock though its condition does not hold any more:
        the savepoint gives it back, so that after a failure the caller may lock orders. Raises StockBusyError.
        """
        ordered = sorted((ticket_type_id, by) for ticket_type_id, by in changes.items() if by)
        with bounded_wait():
            savepoint = self._session.begin_nested()
            short = self._first_short(ordered)
            if short is None:
                savepoint.commit()
            else:
                savepoint.rollback()
        return short

    def _first_short(self, ordered: Sequence[tuple[UUID, int]]) -> UUID | None:
        return next((ticket_type_id for ticket_type_id, by in ordered if not self._add(ticket_type_id, by)), None)

    def _add(self, ticket_type_id: UUID, by: int) -> bool:
        """One conditional update: PostgreSQL looks at the condition again after it has waited for the row."""
        statement = (
            update(TicketTypeRow)
            .where(
                TicketTypeRow.id == ticket_type_id,
                TicketTypeRow.reserved + by <= TicketTypeRow.quantity,
            )
            .values(reserved=TicketTypeRow.reserved + by)
            .returning(TicketTypeRow.id)
            .execution_options(synchronize_session=False)
        )
        return self._session.scalar(statement) is not None
