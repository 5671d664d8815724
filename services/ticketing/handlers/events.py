"""Putting events and tickets on sale."""

from datetime import datetime
from uuid import UUID

from services.ticketing.domain.events import Event, TicketType
from services.ticketing.domain.tickets import Signatures
from services.ticketing.repository import Events
from shared.contracts.ticketing import EventCreated
from shared.ids import new_id
from shared.messaging.outbox import Session, publish


def create_event(
    session: Session,
    signatures: Signatures,
    organisation_id: UUID,
    *,
    name: str,
    venue: str | None,
    currency: str,
    starts_at: datetime,
    ends_at: datetime | None,
) -> Event:
    """Store a new event with a key pair of its own, and tell of it."""
    event = Event(
        id=new_id(),
        organisation_id=organisation_id,
        name=name,
        venue=venue,
        currency=currency,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    created_at = Events(session).add(event, signatures.new_key(event.id))
    message = EventCreated(
        event_id=event.id,
        organisation_id=organisation_id,
        name=name,
        venue=venue,
        currency=currency,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=created_at,
    )
    publish(session, message, organisation_id=organisation_id)
    return event


def add_ticket_type(
    session: Session,
    organisation_id: UUID,
    event_id: UUID,
    *,
    name: str,
    price: int,
    quantity: int,
    max_per_order: int | None,
) -> TicketType:
    """Put `quantity` tickets of a new type on sale, at `price` in minor units. Raises EventNotFoundError."""
    events = Events(session)
    event = events.get(organisation_id, event_id)
    kind = TicketType(
        id=new_id(),
        organisation_id=organisation_id,
        event_id=event.id,
        name=name,
        price=price,
        quantity=quantity,
        max_per_order=max_per_order,
    )
    events.add_ticket_type(kind)
    return kind
