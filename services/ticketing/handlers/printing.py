"""The tickets of a large order: printed in parts, each of which commits on its own, and told of when all are there."""

from services.ticketing.domain.orders import Order, OrderStatus
from services.ticketing.domain.tickets import Ticket, pictured
from services.ticketing.handlers.tickets import Plan, Press, order_to_print, plan_tickets, tell_fulfilled, tell_issued
from services.ticketing.repository import Events, Orders, Tickets
from shared.contracts.notifications import AlertOperations
from shared.contracts.ticketing import INLINE_TICKETS, FulfilOrder, GenerateTickets, PrintTickets, RedrawPictures
from shared.messaging.batch import Batch, publish_batch, show_batch
from shared.messaging.outbox import Session, publish

Pictures = list[tuple[str, str]]
"""Of each: where it lies, and what it says."""

PRINTED_AT_ONCE = 50
"""Tickets of one message: a third of a second of a processor, which is what a crash repeats, and what others wait for."""


def plan_order(session: Session, message: GenerateTickets) -> Plan | None:
    """What is to be made for the order, all at once; None where nothing is left to be made, or a batch makes it.

    Raises OrderNotFoundError, OrderStateError (the order is not paid).
    """
    order = order_to_print(session, message.order_id)
    if order is None or order.batch_id is not None:
        return None
    if order.ticket_count <= PRINTED_AT_ONCE:
        return plan_tickets(session, order)
    _start_batch(session, order)
    return None


def plan_part(session: Session, message: PrintTickets) -> Plan | None:
    """What is to be made of a large order; None where nothing of it is left. Raises as plan_order does."""
    order = order_to_print(session, message.order_id)
    if order is None:
        return None
    part = plan_tickets(session, order, message.first, message.count)
    return part if part.drafts else None


def record_part(session: Session, press: Press, part: Plan, tickets: list[Ticket]) -> None:
    """Issue these tickets: from here on they open the door. They are told of with all others of the order."""
    order = Orders(session).get(part.order.id)
    if order.status is not OrderStatus.PAID:
        return
    Tickets(session).add(tickets)
    tell_issued(session, order, tickets, press.clock(), part.first)
    if order.batch_id is not None and show_batch(session, order.batch_id).finished_at is not None:
        # It had failed, the batch went on without it, and somebody has tried it again.
        publish(session, FulfilOrder(order_id=order.id), organisation_id=order.organisation_id)


def fulfil_order(session: Session, press: Press, message: FulfilOrder) -> None:
    """Tell that an order has its tickets, once; tell operations where some are missing.

    Raises OrderNotFoundError, StockBusyError.
    """
    orders, tickets = Orders(session), Tickets(session)
    order = orders.get(message.order_id, lock=True)
    if order.status is not OrderStatus.PAID:
        return
    issued = tickets.count(order.id)
    if issued < order.ticket_count:
        publish(session, _incomplete(order, issued), organisation_id=order.organisation_id)
        return
    event = Events(session).get(order.organisation_id, order.event_id)
    (fulfilled,) = orders.move([order], OrderStatus.FULFILLED)
    first = tickets.of_order(order.organisation_id, order.id, limit=INLINE_TICKETS)
    tell_fulfilled(session, press, event, fulfilled, first)


def lost_pictures(session: Session, message: RedrawPictures) -> Pictures:
    """What is to be drawn again. Of tickets that do not exist any more, nothing."""
    return Tickets(session).pictures([pictured(key) for key in message.keys])


def redraw(press: Press, pictures: Pictures) -> int:
    """Draw them and store them: the same bytes as before, under the same keys. Returns how many.

    Raises what the storage raises.
    """
    for key, token in pictures:
        press.storage.put(key, press.qr_png(token), "image/png")
    return len(pictures)


def _start_batch(session: Session, order: Order) -> None:
    """A part that fails does not keep the others from being printed: it is retried by hand, and ends the order then."""
    parts = [
        PrintTickets(order_id=order.id, first=first, count=min(PRINTED_AT_ONCE, order.ticket_count - first))
        for first in range(0, order.ticket_count, PRINTED_AT_ONCE)
    ]
    batch = Batch(
        f"tickets of order {order.number}",
        parts,
        finally_=FulfilOrder(order_id=order.id),
        allow_failures=True,
    )
    Orders(session).note_batch(order.id, publish_batch(session, batch, organisation_id=order.organisation_id))


def _incomplete(order: Order, issued: int) -> AlertOperations:
    return AlertOperations(
        subject=f"Order {order.number} is paid and has {issued} of {order.ticket_count} tickets",
        text=(
            "Some of its tickets could not be printed, or its batch was cancelled. `bellhop failed list --service ticketing` "
            "shows what failed, and why; once the cause is mended, `bellhop failed retry` prints what is missing, and the "
            f"buyer gets the tickets then.\n\nOrder: {order.id}\nBatch: {order.batch_id}\n"
        ),
        fingerprint=f"tickets_missing:{order.id}",
        severity="critical",
    )
