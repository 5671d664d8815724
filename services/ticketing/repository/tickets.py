"""SQL of tickets."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.orm import Session

from services.ticketing.domain.tickets import Ticket, TicketState
from services.ticketing.models import TicketRow
from services.ticketing.repository.locks import bounded_wait
from shared.database.lists import is_one_of


class Tickets:
    """Tickets that were issued."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tickets: Sequence[Ticket]) -> None:
        """Store new tickets, thousands in a few statements."""
        self._session.execute(insert(TicketRow), [_values(ticket) for ticket in tickets])

    def count(self, order_id: UUID) -> int:
        """How many tickets of an order are issued."""
        return self._session.scalar(select(func.count()).where(TicketRow.order_id == order_id)) or 0

    def issued(self, ticket_ids: Collection[UUID]) -> set[UUID]:
        """Those of the ids that are tickets already."""
        return set(self._session.scalars(select(TicketRow.id).where(is_one_of(TicketRow.id, ticket_ids))))

    def taken_codes(self, codes: Collection[str]) -> set[str]:
        """Those of the codes that a ticket has already."""
        return set(self._session.scalars(select(TicketRow.code).where(is_one_of(TicketRow.code, codes))))

    def of_order(
        self, organisation_id: UUID, order_id: UUID, limit: int | None = None, offset: int = 0
    ) -> list[Ticket]:
        """The tickets of an order, as the order lists them."""
        query = (
            select(TicketRow)
            .where(TicketRow.organisation_id == organisation_id, TicketRow.order_id == order_id)
            .order_by(TicketRow.id)
            .limit(limit)
            .offset(offset)
        )
        return [_ticket(row) for row in self._session.scalars(query)]

    def picture(self, ticket_id: UUID) -> tuple[str, str] | None:
        """Where the picture of a ticket lies, and the token that it shows. For signed links, which name no organisation:
        the link is the right.
        """
        found = self._session.execute(select(TicketRow.qr_key, TicketRow.token).where(TicketRow.id == ticket_id))
        row = found.one_or_none()
        return None if row is None else (row.qr_key, row.token)

    def pictures(self, ticket_ids: Collection[UUID]) -> list[tuple[str, str]]:
        """The same of many tickets, without those that do not exist."""
        found = self._session.execute(
            select(TicketRow.qr_key, TicketRow.token).where(is_one_of(TicketRow.id, ticket_ids)).order_by(TicketRow.id)
        )
        return [(row.qr_key, row.token) for row in found]

    def lock(self, organisation_id: UUID, ticket_id: UUID) -> Ticket | None:
        """The ticket with this id, held against other scans until the transaction ends."""
        return self._lock(
            select(TicketRow).where(TicketRow.organisation_id == organisation_id, TicketRow.id == ticket_id)
        )

    def lock_by_code(self, organisation_id: UUID, code: str) -> Ticket | None:
        """The ticket with this code, held against other scans until the transaction ends."""
        return self._lock(select(TicketRow).where(TicketRow.organisation_id == organisation_id, TicketRow.code == code))

    def redeem(self, ticket: Ticket, at: datetime) -> Ticket:
        """Note a scan: the ticket is redeemed (if it was not revoked), and the earliest scan is its time."""
        state = TicketState.REVOKED if ticket.state is TicketState.REVOKED else TicketState.REDEEMED
        statement = (
            update(TicketRow)
            .where(TicketRow.id == ticket.id)
            .values(state=state, redeemed_at=func.least(TicketRow.redeemed_at, at))
            .returning(TicketRow)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        return _ticket(self._session.scalars(statement).one())

    def revoked(self, organisation_id: UUID, event_id: UUID) -> list[UUID]:
        """The ids of the event's tickets that are not good any more."""
        query = select(TicketRow.id).where(
            TicketRow.organisation_id == organisation_id,
            TicketRow.event_id == event_id,
            TicketRow.state == TicketState.REVOKED.value,
        )
        return list(self._session.scalars(query.order_by(TicketRow.id)))

    def _lock(self, query: Select[TicketRow]) -> Ticket | None:
        with bounded_wait():
            row = self._session.scalar(query.with_for_update(key_share=True))
        return None if row is None else _ticket(row)


def _values(ticket: Ticket) -> dict[str, object]:
    return {
        "id": ticket.id,
        "organisation_id": ticket.organisation_id,
        "event_id": ticket.event_id,
        "order_id": ticket.order_id,
        "order_item_id": ticket.order_item_id,
        "ticket_type": ticket.ticket_type,
        "code": ticket.code,
        "token": ticket.token,
        "qr_key": ticket.qr_key,
        "state": ticket.state,
    }


def _ticket(row: TicketRow) -> Ticket:
    return Ticket(
        id=row.id,
        organisation_id=row.organisation_id,
        event_id=row.event_id,
        order_id=row.order_id,
        order_item_id=row.order_item_id,
        ticket_type=row.ticket_type,
        code=row.code,
        token=row.token,
        qr_key=row.qr_key,
        state=TicketState(row.state),
        redeemed_at=row.redeemed_at,
    )
