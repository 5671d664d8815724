"""Orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from services.ticketing.domain.events import merged
from services.ticketing.domain.links import link_expiry
from services.ticketing.domain.orders import Customer, Order, OrderStatus
from services.ticketing.domain.tickets import Ticket, TicketState
from services.ticketing.handlers import orders
from services.ticketing.http.dependencies import LinksDep, SettingsDep, WorkDep
from services.ticketing.http.fields import EmailAddress, PhoneNumber, Quantity, Title
from services.ticketing.repository import Events, Orders, Tickets
from shared.api import Body, CallerDep, Problem, needs, problems
from shared.clock import now

router = APIRouter()


class ItemIn(Body):
    """Either so many of a ticket type, or a numbered seat."""

    ticket_type_id: UUID | None = None
    quantity: Quantity | None = None
    seat_id: UUID | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        counted = self.ticket_type_id is not None and self.quantity is not None
        nothing_counted = self.ticket_type_id is None and self.quantity is None
        if not (counted and self.seat_id is None) and not (nothing_counted and self.seat_id is not None):
            raise ValueError("an item is either {ticket_type_id, quantity} or {seat_id}")
        return self


class CustomerIn(Body):
    name: Title
    email: EmailAddress
    phone: PhoneNumber | None = Field(None, description="with its country code; a text message is sent to it")


class OrderIn(Body):
    event_id: UUID
    items: list[ItemIn] = Field(min_length=1, max_length=100)
    customer: CustomerIn


class ItemOut(BaseModel):
    ticket_type_id: UUID
    ticket_type: str
    quantity: int
    unit_price: int


class TicketOut(BaseModel):
    id: UUID
    code: str = Field(description="what a person can read out")
    state: TicketState
    ticket_type: str
    token: str = Field(description="the text that the QR code holds")
    qr_url: str = Field(description="a PNG; the link works without a key, until 30 days after the event")


class OrderOut(BaseModel):
    id: UUID
    number: str
    event_id: UUID
    status: OrderStatus
    amount: int
    currency: str
    expires_at: datetime | None = Field(description="the end of the hold; null where nothing was to be paid")
    created_at: datetime
    paid_at: datetime | None
    fulfilled_at: datetime | None
    customer: Customer
    items: list[ItemOut]
    ticket_count: int
    tickets_issued: int = Field(description="how many are printed so far: of a large order they come bit by bit")
    batch_id: UUID | None = Field(description="prints the tickets of a large order: see GET /v1/batches/{batch_id}")
    tickets: list[TicketOut] = Field(description="once all of them are printed")
    tickets_url: str | None = Field(description="a page with all tickets, for the buyer; null before there are any")


@router.post("/v1/orders", dependencies=[needs("orders:write")], status_code=201, responses=problems(404, 409))
def place_order(body: OrderIn, caller: CallerDep, work: WorkDep, settings: SettingsDep) -> OrderOut:
    """Hold tickets until they are paid; an order that costs nothing is paid at once.

    Have the payment's `metadata.order_id` name the order's `id`.
    """
    customer = Customer(name=body.customer.name, email=body.customer.email, phone=body.customer.phone)
    wanted = _wanted(body.items)
    with work() as session:
        order = orders.place_order(session, caller.organisation_id, body.event_id, wanted, customer, settings.hold)
    return order_out(order)


@router.get("/v1/orders/{order_id}", dependencies=[needs("orders:read")], responses=problems(404))
def get_order(order_id: UUID, caller: CallerDep, work: WorkDep, links: LinksDep) -> OrderOut:
    """An order with its tickets, once it has them."""
    with work() as session:
        order = Orders(session).get(order_id, caller.organisation_id)
        event = Events(session).get(caller.organisation_id, order.event_id)
        tickets = Tickets(session).of_order(caller.organisation_id, order_id) if order.has_tickets else []
        issued = len(tickets) or Tickets(session).count(order_id)
    expires = link_expiry(event.over_at, now())
    shown = [_ticket_out(ticket, links.qr_url(ticket.id, expires)) for ticket in tickets]
    return order_out(order, shown, links.order_url(order.id, expires) if shown else None, issued)


@router.post("/v1/orders/{order_id}/cancel", dependencies=[needs("orders:write")], responses=problems(404, 409))
def cancel_order(order_id: UUID, caller: CallerDep, work: WorkDep) -> OrderOut:
    """Cancel an order that is not paid. Its tickets are free again at once."""
    with work() as session:
        order = orders.cancel_order(session, caller.organisation_id, order_id)
    return order_out(order)


def _wanted(items: list[ItemIn]) -> dict[UUID, int]:
    if any(item.seat_id is not None for item in items):
        raise Problem(
            422, "seats_not_supported", "numbered seats cannot be ordered yet: order by ticket_type_id and quantity"
        )
    counted = [(item.ticket_type_id, item.quantity) for item in items]
    return merged((kind, quantity) for kind, quantity in counted if kind is not None and quantity is not None)


def order_out(
    order: Order, tickets: Sequence[TicketOut] = (), tickets_url: str | None = None, tickets_issued: int = 0
) -> OrderOut:
    return OrderOut(
        id=order.id,
        number=order.number,
        event_id=order.event_id,
        status=order.status_at(now()),
        amount=order.amount,
        currency=order.currency,
        expires_at=order.expires_at,
        created_at=order.created_at,
        paid_at=order.paid_at,
        fulfilled_at=order.fulfilled_at,
        customer=order.customer,
        items=[
            ItemOut(
                ticket_type_id=item.ticket_type_id,
                ticket_type=item.ticket_type,
                quantity=item.quantity,
                unit_price=item.unit_price,
            )
            for item in order.items
        ],
        ticket_count=order.ticket_count,
        tickets_issued=tickets_issued,
        batch_id=order.batch_id,
        tickets=list(tickets),
        tickets_url=tickets_url,
    )


def _ticket_out(ticket: Ticket, qr_url: str) -> TicketOut:
    return TicketOut(
        id=ticket.id,
        code=ticket.code,
        state=ticket.state,
        ticket_type=ticket.ticket_type,
        token=ticket.token,
        qr_url=qr_url,
    )
