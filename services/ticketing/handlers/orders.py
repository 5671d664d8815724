"""Placing, cancelling and expiring orders."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from services.ticketing.domain.events import Event, Line, lines
from services.ticketing.domain.orders import Customer, Item, NewOrder, Order, OrderStatus, new_number
from services.ticketing.domain.told import fitting
from services.ticketing.errors import OrderNumbersTakenError
from services.ticketing.handlers import stock
from services.ticketing.repository import Events, Orders
from shared.contracts.ticketing import (
    ExpireOrders,
    GenerateTickets,
    OrderCancelled,
    OrderedItem,
    OrderPaid,
    OrderPlaced,
)
from shared.ids import new_id
from shared.messaging.outbox import Session, publish

NUMBER_DRAWS = 10
EXPIRE_BATCH = 500
"""Orders that one run of the sweep ends. It holds the stock of their ticket types until it commits."""


def place_order(
    session: Session,
    organisation_id: UUID,
    event_id: UUID,
    wanted: Mapping[UUID, int],
    customer: Customer,
    hold: timedelta,
) -> Order:
    """Hold tickets for a customer: `wanted` of each ticket type id. An order that costs nothing is paid at once.

    Raises EventNotFoundError, UnknownTicketTypeError, TooManyPerOrderError, SoldOutError, StockBusyError.
    """
    events = Events(session)
    event = events.get(organisation_id, event_id)
    chosen = lines(events.ticket_types(organisation_id, event_id, wanted.keys()), wanted)
    stock.take(session, chosen)
    order = _store(session, event, chosen, customer, hold)
    publish(session, _placed(order), organisation_id=organisation_id)
    if order.status is OrderStatus.PAID:
        announce_paid(session, order)
    return order


def cancel_order(session: Session, organisation_id: UUID, order_id: UUID) -> Order:
    """Cancel an order that is not paid, and free its stock. Doing it again changes nothing.

    Raises OrderNotFoundError, StockBusyError, and OrderStateError for an order that is paid or has expired.
    """
    orders = Orders(session)
    order = orders.get(order_id, organisation_id, lock=True)
    if order.status is OrderStatus.CANCELLED:
        return order
    (cancelled,) = orders.move([order], OrderStatus.CANCELLED)
    stock.release(session, [cancelled])
    assert cancelled.cancelled_at is not None
    message = OrderCancelled(
        order_id=order.id,
        number=order.number,
        organisation_id=organisation_id,
        event_id=order.event_id,
        cancelled_at=cancelled.cancelled_at,
    )
    publish(session, message, organisation_id=organisation_id)
    return cancelled


def expire_due(session: Session, batch: int = EXPIRE_BATCH) -> None:
    """End holds that are over and free their stock, one batch; a message of its own goes on where there are more."""
    overdue = Orders(session).claim_overdue(batch)
    stock.release(session, stock.expire(session, overdue))
    if len(overdue) == batch:
        publish(session, ExpireOrders())


def announce_paid(session: Session, order: Order) -> None:
    """Tell that an order is paid, and have its tickets made."""
    assert order.paid_at is not None
    message = OrderPaid(
        order_id=order.id,
        number=order.number,
        organisation_id=order.organisation_id,
        event_id=order.event_id,
        amount=order.amount,
        currency=order.currency,
        payment_id=order.payment_id,
        paid_at=order.paid_at,
    )
    publish(session, message, organisation_id=order.organisation_id)
    publish(session, GenerateTickets(order_id=order.id), organisation_id=order.organisation_id)


def _placed(order: Order) -> OrderPlaced:
    names = fitting([item.ticket_type for item in order.items])
    items = (
        OrderedItem(
            ticket_type_id=item.ticket_type_id,
            ticket_type=name,
            quantity=item.quantity,
            unit_price=item.unit_price,
        )
        for item, name in zip(order.items, names, strict=True)
    )
    return OrderPlaced(
        order_id=order.id,
        number=order.number,
        organisation_id=order.organisation_id,
        event_id=order.event_id,
        customer_name=order.customer.name,
        customer_email=order.customer.email,
        customer_phone=order.customer.phone,
        amount=order.amount,
        currency=order.currency,
        items=tuple(items),
        placed_at=order.created_at,
        expires_at=order.expires_at,
    )


def _store(session: Session, event: Event, chosen: list[Line], customer: Customer, hold: timedelta) -> Order:
    items = tuple(
        Item(
            id=new_id(),
            ticket_type_id=line.ticket_type_id,
            ticket_type=line.ticket_type,
            quantity=line.quantity,
            unit_price=line.unit_price,
        )
        for line in chosen
    )
    for _ in range(NUMBER_DRAWS):
        draft = NewOrder(
            id=new_id(),
            organisation_id=event.organisation_id,
            event_id=event.id,
            number=new_number(),
            currency=event.currency,
            customer=customer,
            items=items,
        )
        stored = Orders(session).add(draft, hold)
        if stored is not None:
            return stored
    raise OrderNumbersTakenError(f"{NUMBER_DRAWS} random order numbers in a row were taken")
