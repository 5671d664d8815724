"""Events and their ticket types."""

from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from services.ticketing.domain.events import Event, TicketType
from services.ticketing.handlers import events
from services.ticketing.http.dependencies import SignaturesDep, WorkDep
from services.ticketing.http.fields import Currency, Moment, Price, Quantity, Title
from services.ticketing.repository import Events
from shared.api import Body, CallerDep, CursorDep, Page, needs, problems

router = APIRouter()


class EventIn(Body):
    name: Title
    starts_at: Moment
    ends_at: Moment | None = None
    venue: Title | None = None
    currency: Currency = Field(description="ISO 4217, of all prices of the event")

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends_at is not None and self.ends_at < self.starts_at:
            raise ValueError("ends_at is before starts_at")
        return self


class EventOut(BaseModel):
    id: UUID
    name: str
    starts_at: datetime
    ends_at: datetime | None
    venue: str | None
    currency: str


class TicketTypeIn(Body):
    name: Title
    price: Price
    quantity: Quantity
    max_per_order: Quantity | None = None


class TicketTypeOut(BaseModel):
    id: UUID
    event_id: UUID
    name: str
    price: int
    currency: str
    quantity: int
    available: int = Field(description="neither held nor sold")
    max_per_order: int | None


@router.post("/v1/events", dependencies=[needs("events:write")], status_code=201)
def create_event(body: EventIn, caller: CallerDep, work: WorkDep, signatures: SignaturesDep) -> EventOut:
    """Put an event into the calendar, with a key pair of its own for its tickets."""
    with work() as session:
        event = events.create_event(
            session,
            signatures,
            caller.organisation_id,
            name=body.name,
            venue=body.venue,
            currency=body.currency,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
        )
    return event_out(event)


@router.get("/v1/events", dependencies=[needs("events:read")])
def list_events(caller: CallerDep, work: WorkDep, cursor: CursorDep) -> Page[EventOut]:
    """All events, oldest first."""
    with work() as session:
        rows = Events(session).page(caller.organisation_id, cursor.after, cursor.fetch)
    return cursor.page(rows, event_out, lambda event: event.id)


@router.get("/v1/events/{event_id}", dependencies=[needs("events:read")], responses=problems(404))
def get_event(event_id: UUID, caller: CallerDep, work: WorkDep) -> EventOut:
    """One event."""
    with work() as session:
        return event_out(Events(session).get(caller.organisation_id, event_id))


@router.post(
    "/v1/events/{event_id}/ticket-types", dependencies=[needs("events:write")], status_code=201, responses=problems(404)
)
def add_ticket_type(event_id: UUID, body: TicketTypeIn, caller: CallerDep, work: WorkDep) -> TicketTypeOut:
    """Put tickets of a new type on sale."""
    with work() as session:
        kind = events.add_ticket_type(
            session,
            caller.organisation_id,
            event_id,
            name=body.name,
            price=body.price,
            quantity=body.quantity,
            max_per_order=body.max_per_order,
        )
        event = Events(session).get(caller.organisation_id, event_id)
    return ticket_type_out(kind, event)


@router.get("/v1/events/{event_id}/ticket-types", dependencies=[needs("events:read")], responses=problems(404))
def list_ticket_types(event_id: UUID, caller: CallerDep, work: WorkDep, cursor: CursorDep) -> Page[TicketTypeOut]:
    """The ticket types of an event, oldest first."""
    with work() as session:
        event = Events(session).get(caller.organisation_id, event_id)
        rows = Events(session).ticket_type_page(caller.organisation_id, event_id, cursor.after, cursor.fetch)
    return cursor.page(rows, lambda kind: ticket_type_out(kind, event), lambda kind: kind.id)


@router.get(
    "/v1/events/{event_id}/ticket-types/{ticket_type_id}", dependencies=[needs("events:read")], responses=problems(404)
)
def get_ticket_type(event_id: UUID, ticket_type_id: UUID, caller: CallerDep, work: WorkDep) -> TicketTypeOut:
    """One ticket type, with how many are left."""
    with work() as session:
        event = Events(session).get(caller.organisation_id, event_id)
        return ticket_type_out(Events(session).ticket_type(caller.organisation_id, event_id, ticket_type_id), event)


def event_out(event: Event) -> EventOut:
    return EventOut(
        id=event.id,
        name=event.name,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        venue=event.venue,
        currency=event.currency,
    )


def ticket_type_out(kind: TicketType, event: Event) -> TicketTypeOut:
    return TicketTypeOut(
        id=kind.id,
        event_id=kind.event_id,
        name=kind.name,
        price=kind.price,
        currency=event.currency,
        quantity=kind.quantity,
        available=kind.available,
        max_per_order=kind.max_per_order,
    )
