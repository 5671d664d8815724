"""Messages of the ticketing service: orders, tickets, check-ins."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.message import Command, Event

INLINE_TICKETS = 20
"""An event names at most this many tickets; beyond that the receiver follows `tickets_url`."""


class GenerateTickets(Command):
    """Issue the tickets of a paid order: a small one's at once, a large one's as a batch of PrintTickets."""

    kind: ClassVar[str] = "ticketing.order.generate_tickets"
    order_id: UUID


class PrintTickets(Command):
    """Issue some tickets of a large order: `count` of them, from the `first` on, counted from 0."""

    kind: ClassVar[str] = "ticketing.order.print_tickets"
    order_id: UUID
    first: int
    count: int


class FulfilOrder(Command):
    """Say that an order has its tickets, once all of them are printed."""

    kind: ClassVar[str] = "ticketing.order.fulfil"
    order_id: UUID


class RedrawPictures(Command):
    """Draw the pictures of these tickets again: the storage has lost some. `keys` are where they lay."""

    kind: ClassVar[str] = "ticketing.tickets.redraw_pictures"
    keys: tuple[str, ...]


class ExpireOrders(Command):
    """Free the stock of every unpaid order whose hold has ended. Published every minute."""

    kind: ClassVar[str] = "ticketing.order.expire_due"


class PurgeTicketing(Command):
    """Let go of unpaid orders and of past events' pictures whose time is over. Published every hour."""

    kind: ClassVar[str] = "ticketing.data.purge"


class EventCreated(Event):
    """An event (a concert, say) can have tickets from now on."""

    kind: ClassVar[str] = "ticketing.event.created"
    event_id: UUID
    organisation_id: UUID
    name: str
    venue: str | None
    currency: str
    starts_at: datetime
    ends_at: datetime | None
    created_at: datetime


class OrderedItem(BaseModel):
    """So many tickets of one type in an order, at the price of that moment in minor units."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ticket_type_id: UUID
    ticket_type: str
    quantity: int
    unit_price: int


class OrderPlaced(Event):
    """An order holds its tickets. `expires_at` is the end of its hold, and None where nothing is to be paid."""

    kind: ClassVar[str] = "ticketing.order.placed"
    order_id: UUID
    number: str
    organisation_id: UUID
    event_id: UUID
    customer_name: str
    customer_email: str
    customer_phone: str | None
    amount: int
    currency: str
    items: tuple[OrderedItem, ...]
    placed_at: datetime
    expires_at: datetime | None


class OrderPaid(Event):
    """An order is paid in full (or was free). `amount` is in minor units; `payment_id` is None for a free order."""

    kind: ClassVar[str] = "ticketing.order.paid"
    order_id: UUID
    number: str
    organisation_id: UUID
    event_id: UUID
    amount: int
    currency: str
    payment_id: UUID | None = None
    paid_at: datetime


class IssuedTicket(BaseModel):
    """One ticket as it is told to others: what the holder sees, and where its QR image lies in storage."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    code: str
    token: str
    ticket_type: str
    qr_key: str


class OrderFulfilled(Event):
    """The tickets of an order are issued and stored. `tickets` holds the first INLINE_TICKETS of `ticket_count`."""

    kind: ClassVar[str] = "ticketing.order.fulfilled"
    order_id: UUID
    number: str
    organisation_id: UUID
    event_id: UUID
    event_name: str
    starts_at: datetime
    venue: str | None = None
    customer_name: str
    customer_email: str
    customer_phone: str | None = None
    amount: int
    currency: str
    ticket_count: int
    tickets: list[IssuedTicket]
    tickets_url: str
    fulfilled_at: datetime


class NewTicket(BaseModel):
    """A ticket that was issued, without what lets anybody in."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    code: str
    ticket_type_id: UUID
    ticket_type: str


TICKETS_TOLD_AT_ONCE = 200
"""A message has room for them."""


class TicketsIssued(Event):
    """Some tickets of an order, at most TICKETS_TOLD_AT_ONCE: of a larger order there are several of these events."""

    kind: ClassVar[str] = "ticketing.order.tickets_issued"
    order_id: UUID
    organisation_id: UUID
    event_id: UUID
    part: int
    tickets: tuple[NewTicket, ...]
    issued_at: datetime


class OrderExpired(Event):
    """An unpaid order's hold ended and its stock is free again."""

    kind: ClassVar[str] = "ticketing.order.expired"
    order_id: UUID
    number: str
    organisation_id: UUID
    event_id: UUID
    expired_at: datetime


class OrderCancelled(Event):
    """An order that was not paid was cancelled, and its stock is free again."""

    kind: ClassVar[str] = "ticketing.order.cancelled"
    order_id: UUID
    number: str
    organisation_id: UUID
    event_id: UUID
    cancelled_at: datetime


class PaymentRefused(Event):
    """A payment that came in does not pay its order. The money is recorded by payments; people must look at it.

    `refund_due` is true where the order cannot be honoured any more and the money has to go back.
    """

    kind: ClassVar[str] = "ticketing.order.payment_refused"
    payment_id: UUID
    order_id: str
    organisation_id: UUID | None = None
    reason: Literal[
        "unknown_order",
        "amount_mismatch",
        "currency_mismatch",
        "sold_out_after_expiry",
        "already_paid",
        "order_cancelled",
    ]
    detail: str
    refund_due: bool


class TicketCheckedIn(Event):
    """A ticket was redeemed at the door."""

    kind: ClassVar[str] = "ticketing.ticket.checked_in"
    ticket_id: UUID
    order_id: UUID
    event_id: UUID
    organisation_id: UUID
    code: str
    checked_in_at: datetime
