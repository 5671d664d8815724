"""What money that came in does to an order."""

from uuid import UUID

from services.ticketing.domain.money import money_text
from services.ticketing.domain.orders import (
    Accept,
    AlreadyAccepted,
    Order,
    OrderStatus,
    Payment,
    Refuse,
    decide_payment,
    sold_out_after_expiry,
)
from services.ticketing.errors import OrderNotFoundError, SoldOutError
from services.ticketing.handlers import stock
from services.ticketing.handlers.orders import announce_paid
from services.ticketing.repository import Orders
from shared.contracts.notifications import AlertOperations
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import PaymentRefused
from shared.messaging.outbox import Session, publish

ADVICE = {
    "unknown_order": "Find out what it was for; nothing was issued for it.",
    "amount_mismatch": "The order is not paid. Agree with the buyer on the difference, or send the money back.",
    "currency_mismatch": "The order is not paid. Agree with the buyer, or send the money back.",
    "sold_out_after_expiry": "The money has to go back to the buyer.",
    "already_paid": "The buyer has paid twice: this payment has to go back.",
    "order_cancelled": "The money has to go back to the buyer.",
}
"""What people are told to do, by reason."""
MAX_SHOWN_ID = 500
"""Characters of what a payment calls its order: it is somebody else's text, and may be anything."""


def receive_payment(session: Session, message: PaymentSucceeded) -> None:
    """Pay the order that the payment names, or refuse the payment and tell people why.

    An order's id is known to others only after it was committed, so an unknown one will not appear later.
    Raises StockBusyError.
    """
    orders = Orders(session)
    order = _find(orders, message.order_id)
    if order is None:
        named = message.order_id[:MAX_SHOWN_ID]
        detail = f"no order has the id {named!r}" if named else "the payment names no order"
        _refuse(session, message, None, Refuse("unknown_order", refund_due=False, detail=detail))
        return
    payment = Payment(id=message.payment_id, amount=message.amount, currency=message.currency)
    decision = decide_payment(order, payment)
    if isinstance(decision, Accept) and decision.retake and not _retaken(session, order):
        decision = sold_out_after_expiry(order)
    if isinstance(decision, Refuse):
        _refuse(session, message, order, decision)
    elif not isinstance(decision, AlreadyAccepted):
        (paid,) = orders.move([order], OrderStatus.PAID, message.payment_id)
        announce_paid(session, paid)


def _find(orders: Orders, order_id: str) -> Order | None:
    try:
        return orders.get(UUID(order_id), lock=True)
    except (ValueError, OrderNotFoundError):
        return None


def _retaken(session: Session, order: Order) -> bool:
    """Whether an expired order has its stock again."""
    try:
        stock.take(session, order.items)
    except SoldOutError:
        return False
    return True


def _refuse(session: Session, message: PaymentSucceeded, order: Order | None, refusal: Refuse) -> None:
    organisation_id, named = None if order is None else order.organisation_id, message.order_id[:MAX_SHOWN_ID]
    refused = PaymentRefused(
        payment_id=message.payment_id,
        order_id=named,
        organisation_id=organisation_id,
        reason=refusal.reason,
        detail=refusal.detail,
        refund_due=refusal.refund_due,
    )
    amount = money_text(message.amount, message.currency)
    alert = AlertOperations(
        subject=f"A payment of {amount} was not accepted: {refusal.reason.replace('_', ' ')}",
        text=(
            f"{amount} came in through {message.provider} ({message.provider_reference}), "
            f"but {refusal.detail}.\n\n{ADVICE[refusal.reason]}\n\n"
            f"Payment: {message.payment_id}\nOrder: {named or 'none'}\n"
        ),
        fingerprint=f"payment_refused:{message.payment_id}",
        severity="critical" if refusal.refund_due else "warning",
    )
    publish(session, refused, organisation_id=organisation_id)
    publish(session, alert, organisation_id=organisation_id)
