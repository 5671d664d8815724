"""Taking stock and giving it back."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.ticketing.domain.events import Line
from services.ticketing.domain.orders import Item, Order, OrderStatus, taken_by
from services.ticketing.errors import SoldOutError
from services.ticketing.repository import Orders, Stock
from shared.contracts.ticketing import OrderExpired
from shared.messaging.outbox import Session, publish_all

OVERDUE_BATCH = 500
"""Holds that are ended at a time for a buyer who waits: until there is enough, or no more of them."""


def take(session: Session, wanted: Sequence[Line | Item]) -> None:
    """Take all that is wanted, or nothing. Raises SoldOutError, StockBusyError.

    Where it does not fit, holds that are over are ended first, in this same transaction: expiry does not wait for the
    sweep.
    """
    stock, changes = Stock(session), {line.ticket_type_id: line.quantity for line in wanted}
    short, are_more = stock.change(changes), True
    while short is not None and are_more:
        ended = expire(session, Orders(session).lock_overdue(changes, OVERDUE_BATCH))
        are_more = len(ended) == OVERDUE_BATCH
        for ticket_type_id, quantity in taken_by(ended).items():
            changes[ticket_type_id] = changes.get(ticket_type_id, 0) - quantity
        short = stock.change(changes)
    if short is not None:
        raise _sold_out(wanted, short)


def release(session: Session, orders: Iterable[Order]) -> None:
    """Give back what these orders hold."""
    Stock(session).change({ticket_type_id: -quantity for ticket_type_id, quantity in taken_by(orders).items()})


def expire(session: Session, orders: Sequence[Order]) -> list[Order]:
    """Mark locked orders as expired and say so. Their stock is for the caller to give back."""
    expired = Orders(session).move(orders, OrderStatus.EXPIRED)
    by_organisation: dict[UUID, list[OrderExpired]] = {}
    for order in expired:
        assert order.expired_at is not None
        message = OrderExpired(
            order_id=order.id,
            number=order.number,
            organisation_id=order.organisation_id,
            event_id=order.event_id,
            expired_at=order.expired_at,
        )
        by_organisation.setdefault(order.organisation_id, []).append(message)
    for organisation_id, messages in by_organisation.items():
        publish_all(session, messages, organisation_id=organisation_id)
    return expired


def _sold_out(wanted: Sequence[Line | Item], short: UUID) -> SoldOutError:
    line = next(line for line in wanted if line.ticket_type_id == short)
    if line.quantity == 1:
        return SoldOutError(f"{line.ticket_type!r} is sold out", short)
    return SoldOutError(f"{line.ticket_type!r} is sold out, or has fewer than {line.quantity} left", short)
