"""SQL of events, their keys and ticket types."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from services.ticketing.domain.events import Event, TicketType
from services.ticketing.domain.tickets import EventKey
from services.ticketing.errors import EventNotFoundError, TicketTypeNotFoundError
from services.ticketing.models import EventKeyRow, EventRow, TicketTypeRow
from shared.database.lists import is_one_of


class Events:
    """Events with their keys and ticket types."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, event: Event, key: EventKey) -> datetime:
        """A new event with its key pair. Returns when it was created."""
        created_at = self._session.execute(
            insert(EventRow)
            .values(
                id=event.id,
                organisation_id=event.organisation_id,
                name=event.name,
                venue=event.venue,
                currency=event.currency,
                starts_at=event.starts_at,
                ends_at=event.ends_at,
            )
            .returning(EventRow.created_at)
        ).scalar_one()
        self._session.execute(
            insert(EventKeyRow).values(
                event_id=key.event_id,
                key_id=key.id,
                organisation_id=event.organisation_id,
                public_key=key.public_key,
                sealed_private_key=key.sealed_private_key,
            )
        )
        return created_at

    def get(self, organisation_id: UUID, event_id: UUID) -> Event:
        """Raises EventNotFoundError."""
        query = select(EventRow).where(EventRow.organisation_id == organisation_id, EventRow.id == event_id)
        row = self._session.scalar(query)
        if row is None:
            raise EventNotFoundError(f"there is no event {event_id}")
        return _event(row)

    def page(self, organisation_id: UUID, after: UUID | None, limit: int) -> list[Event]:
        """Up to `limit` events of the organisation behind the one with id `after`, oldest first."""
        query = select(EventRow).where(EventRow.organisation_id == organisation_id).order_by(EventRow.id).limit(limit)
        if after is not None:
            query = query.where(EventRow.id > after)
        return [_event(row) for row in self._session.scalars(query)]

    def keys(self, organisation_id: UUID, event_id: UUID) -> list[EventKey]:
        """The keys of an event, the one that signs first."""
        query = (
            select(EventKeyRow)
            .where(EventKeyRow.organisation_id == organisation_id, EventKeyRow.event_id == event_id)
            .order_by(EventKeyRow.created_at.desc(), EventKeyRow.key_id)
        )
        return [_key(row) for row in self._session.scalars(query)]

    def all_keys(self) -> list[EventKey]:
        """The keys of all events, locked until the transaction ends."""
        query = select(EventKeyRow).order_by(EventKeyRow.event_id, EventKeyRow.key_id).with_for_update()
        return [_key(row) for row in self._session.scalars(query)]

    def reseal_key(self, key: EventKey, sealed_private_key: bytes) -> None:
        """Write a private key that was encrypted anew."""
        this = (EventKeyRow.event_id == key.event_id) & (EventKeyRow.key_id == key.id)
        self._session.execute(update(EventKeyRow).where(this).values(sealed_private_key=sealed_private_key))

    def add_ticket_type(self, kind: TicketType) -> None:
        """A new ticket type, nothing of it sold."""
        self._session.execute(
            insert(TicketTypeRow).values(
                id=kind.id,
                organisation_id=kind.organisation_id,
                event_id=kind.event_id,
                name=kind.name,
                price=kind.price,
                quantity=kind.quantity,
                max_per_order=kind.max_per_order,
            )
        )

    def ticket_type(self, organisation_id: UUID, event_id: UUID, ticket_type_id: UUID) -> TicketType:
        """Raises TicketTypeNotFoundError."""
        found = self.ticket_types(organisation_id, event_id, [ticket_type_id])
        if not found:
            raise TicketTypeNotFoundError(f"event {event_id} has no ticket type {ticket_type_id}")
        return found[ticket_type_id]

    def ticket_types(self, organisation_id: UUID, event_id: UUID, ids: Collection[UUID]) -> dict[UUID, TicketType]:
        """Those of the event's ticket types that have one of these ids."""
        query = select(TicketTypeRow).where(
            TicketTypeRow.organisation_id == organisation_id,
            TicketTypeRow.event_id == event_id,
            is_one_of(TicketTypeRow.id, ids),
        )
        return {row.id: _ticket_type(row) for row in self._session.scalars(query)}

    def ticket_type_page(
        self, organisation_id: UUID, event_id: UUID, after: UUID | None, limit: int
    ) -> list[TicketType]:
        """Up to `limit` ticket types of the event behind the one with id `after`, oldest first."""
        query = (
            select(TicketTypeRow)
            .where(TicketTypeRow.organisation_id == organisation_id, TicketTypeRow.event_id == event_id)
            .order_by(TicketTypeRow.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(TicketTypeRow.id > after)
        return [_ticket_type(row) for row in self._session.scalars(query)]


def _event(row: EventRow) -> Event:
    return Event(
        id=row.id,
        organisation_id=row.organisation_id,
        name=row.name,
        venue=row.venue,
        currency=row.currency,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def _key(row: EventKeyRow) -> EventKey:
    return EventKey(
        id=row.key_id,
        event_id=row.event_id,
        public_key=row.public_key,
        sealed_private_key=row.sealed_private_key,
    )


def _ticket_type(row: TicketTypeRow) -> TicketType:
    return TicketType(
        id=row.id,
        organisation_id=row.organisation_id,
        event_id=row.event_id,
        name=row.name,
        price=row.price,
        quantity=row.quantity,
        reserved=row.reserved,
        max_per_order=row.max_per_order,
    )
