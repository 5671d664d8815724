"""SQL of the stock counter: how many of a ticket type are held or sold."""

from collections.abc import Mapping
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

        In the order of ids, so that two orders never wait for each other. After a failure nothing is held any more, so
        that the caller may lock orders (which come before ticket types). Raises StockBusyError.
        """
        if not changes:
            return None
        with bounded_wait():
            savepoint = self._session.begin_nested()
            for ticket_type_id, by in sorted(changes.items()):
                if by and not self._add(ticket_type_id, by):
                    savepoint.rollback()
                    return ticket_type_id
            savepoint.commit()
        return None

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
