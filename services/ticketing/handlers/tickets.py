"""Making the tickets of a paid order: planned in one transaction, printed in none, recorded in another.

A large order's are made in parts (see printing), so that nobody waits behind it and a crash repeats little.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.ticketing.domain.codes import ticket_code
from services.ticketing.domain.events import Event
from services.ticketing.domain.links import Links, link_expiry
from services.ticketing.domain.orders import Item, Order, OrderStatus
from services.ticketing.domain.retention import Keep
from services.ticketing.domain.tickets import EventKey, Signatures, Ticket, make_token, qr_key, ticket_ids
from services.ticketing.domain.told import parts
from services.ticketing.errors import GenerationOverdueError, OrderStateError
from services.ticketing.repository import Events, Orders, Tickets
from shared.clock import Clock
from shared.contracts.ticketing import (
    INLINE_TICKETS,
    TICKETS_TOLD_AT_ONCE,
    IssuedTicket,
    NewTicket,
    OrderFulfilled,
    TicketsIssued,
)
from shared.messaging.outbox import Session, publish, publish_all
from shared.retention import Objects

CALL_DEADLINE = 45.0
"""Seconds that printing and storing may take, within the job's 60."""
WRITERS = 8
"""Pictures stored at the same time: an object store answers in tens of milliseconds, a disk does not need them."""
IN_FLIGHT = 64


class PictureStorage(Protocol):
    """What is asked of the storage."""

    def put(self, key: str, data: bytes, content_type: str) -> object: ...


@dataclass(frozen=True, slots=True)
class Press:
    """What the service needs from outside. `qr_png` draws the picture of a text. Without `pictures` none are removed."""

    signatures: Signatures
    qr_png: Callable[[str], bytes]
    storage: PictureStorage
    links: Links
    clock: Clock
    pictures: Objects | None = None
    keep: Keep = field(default_factory=Keep)


@dataclass(frozen=True, slots=True)
class Draft:
    """A ticket that is to be made."""

    id: UUID
    item: Item
    code: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that making tickets of an order needs, from the `first` one on. The same on every attempt."""

    order: Order
    event: Event
    key: EventKey
    drafts: tuple[Draft, ...]
    first: int = 0


def order_to_print(session: Session, order_id: UUID) -> Order | None:
    """The order; None where it has its tickets, or is not to have them any more.

    Raises OrderNotFoundError, OrderStateError (the order is not paid).
    """
    order = Orders(session).get(order_id)
    if order.status in {OrderStatus.FULFILLED, OrderStatus.REFUNDED}:
        return None
    if order.status is not OrderStatus.PAID:
        raise OrderStateError(f"order {order.number} is {order.status}: tickets are made for paid orders")
    return order


def plan_tickets(session: Session, order: Order, first: int = 0, count: int | None = None) -> Plan:
    """What is to be made for the order: all of its tickets, or `count` from the `first` on, without those it has."""
    events, tickets = Events(session), Tickets(session)
    event = events.get(order.organisation_id, order.event_id)
    key = events.keys(order.organisation_id, order.event_id)[0]
    items = {ticket: item for item, ticket in ticket_ids(order, first, count)}
    issued = tickets.issued(items)
    missing = {ticket: item for ticket, item in items.items() if ticket not in issued}
    return Plan(order, event, key, _drafts(tickets, missing), first)


def make_tickets(press: Press, plan: Plan, seconds: float = CALL_DEADLINE) -> list[Ticket]:
    """Sign the tickets, draw their QR codes and store these. Repeating it stores the same bytes under the same keys.

    Raises GenerationOverdueError after so many seconds, and what the storage raises.
    """
    deadline = time.monotonic() + seconds
    sign, order = press.signatures.signer(plan.key), plan.order
    tickets: list[Ticket] = []
    pending: deque[Future[object]] = deque()
    pool = ThreadPoolExecutor(WRITERS, thread_name_prefix="qr")
    try:
        for draft in plan.drafts:
            ticket = Ticket(
                id=draft.id,
                organisation_id=order.organisation_id,
                event_id=order.event_id,
                order_id=order.id,
                order_item_id=draft.item.id,
                ticket_type=draft.item.ticket_type,
                code=draft.code,
                token=make_token(plan.key.id, order.event_id, draft.id, sign),
                qr_key=qr_key(order.organisation_id, order.event_id, draft.id),
            )
            tickets.append(ticket)
            pending.append(pool.submit(press.storage.put, ticket.qr_key, press.qr_png(ticket.token), "image/png"))
            _settle(pending, IN_FLIGHT, deadline)
        _settle(pending, 0, deadline)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return tickets


def record_tickets(session: Session, press: Press, plan: Plan, tickets: list[Ticket]) -> None:
    """Issue the tickets: from here on they open the door. An order that has them already is left as it is."""
    orders = Orders(session)
    order = orders.get(plan.order.id, lock=True)
    if order.status is not OrderStatus.PAID:
        return
    Tickets(session).add(tickets)
    (fulfilled,) = orders.move([order], OrderStatus.FULFILLED)
    tell_issued(session, fulfilled, tickets, press.clock())
    tell_fulfilled(session, press, plan.event, fulfilled, tickets)


def tell_issued(session: Session, order: Order, tickets: Sequence[Ticket], at: datetime, first: int = 0) -> None:
    """Tell of new tickets, the first of which is the `first` of the order."""
    publish_all(session, _issued_in_parts(order, tickets, at, first), organisation_id=order.organisation_id)


def tell_fulfilled(session: Session, press: Press, event: Event, order: Order, tickets: Sequence[Ticket]) -> None:
    """Tell that an order has its tickets; `tickets` are the first of them, at least."""
    publish(session, _fulfilled(press, event, order, tickets), organisation_id=order.organisation_id)


def _drafts(tickets: Tickets, items: Mapping[UUID, Item]) -> tuple[Draft, ...]:
    """Every ticket with a code that no other has. The draw counts up for the few whose code is taken."""
    codes: dict[UUID, str] = {}
    used: set[str] = set()
    waiting, draw = list(items), 0
    while waiting:
        drawn = {ticket: ticket_code(ticket, draw) for ticket in waiting}
        used |= tickets.taken_codes(drawn.values())
        for ticket, code in drawn.items():
            if code not in used:
                used.add(code)
                codes[ticket] = code
        waiting, draw = [ticket for ticket in waiting if ticket not in codes], draw + 1
    return tuple(Draft(ticket, item, codes[ticket]) for ticket, item in items.items())


def _settle(pending: deque[Future[object]], leave: int, deadline: float) -> None:
    """Wait for the oldest writes until at most `leave` are open, and raise the error of one that failed."""
    while len(pending) > leave:
        try:
            pending.popleft().result(timeout=max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise GenerationOverdueError("the tickets were not stored in time: is the storage slow?") from None


def _fulfilled(press: Press, event: Event, order: Order, tickets: Sequence[Ticket]) -> OrderFulfilled:
    assert order.fulfilled_at is not None
    return OrderFulfilled(
        order_id=order.id,
        number=order.number,
        organisation_id=order.organisation_id,
        event_id=event.id,
        event_name=event.name,
        starts_at=event.starts_at,
        venue=event.venue,
        customer_name=order.customer.name,
        customer_email=order.customer.email,
        customer_phone=order.customer.phone,
        amount=order.amount,
        currency=order.currency,
        ticket_count=order.ticket_count,
        tickets=[_issued(ticket) for ticket in tickets[:INLINE_TICKETS]],
        tickets_url=press.links.order_url(order.id, link_expiry(event.over_at, press.clock())),
        fulfilled_at=order.fulfilled_at,
    )


def _issued_in_parts(order: Order, tickets: Sequence[Ticket], at: datetime, first: int) -> list[TicketsIssued]:
    """Of all tickets, unlike OrderFulfilled, and without what lets anybody in."""
    types = {item.id: item.ticket_type_id for item in order.items}
    return [
        TicketsIssued(
            order_id=order.id,
            organisation_id=order.organisation_id,
            event_id=order.event_id,
            part=number,
            tickets=tuple(
                NewTicket(
                    id=ticket.id,
                    code=ticket.code,
                    ticket_type_id=types[ticket.order_item_id],
                    ticket_type=ticket.ticket_type,
                )
                for ticket in part
            ),
            issued_at=at,
        )
        for number, part in enumerate(parts(tickets, TICKETS_TOLD_AT_ONCE), first)
    ]


def _issued(ticket: Ticket) -> IssuedTicket:
    return IssuedTicket(
        id=ticket.id, code=ticket.code, token=ticket.token, ticket_type=ticket.ticket_type, qr_key=ticket.qr_key
    )
