"""Telling subscribers what happened: one delivery for each endpoint that wants to know."""

from services.webhooks.domain.announcements import Announcement, EventType, Value
from services.webhooks.repository.deliveries import Deliveries
from services.webhooks.repository.endpoints import Endpoints
from shared.contracts.ticketing import OrderFulfilled, OrderPaid
from shared.contracts.webhooks import DeliverWebhook
from shared.ids import new_id
from shared.messaging.outbox import Session, publish_all


def order_paid(session: Session, event: OrderPaid) -> None:
    """Tell that an order is paid."""
    data = {**_order(event), "payment_id": str(event.payment_id) if event.payment_id else None}
    announce(session, Announcement(EventType.ORDER_PAID, event.order_id, event.organisation_id, event.paid_at, data))


def order_fulfilled(session: Session, event: OrderFulfilled) -> None:
    """Tell that an order's tickets are issued: their ids and codes, never their tokens, which open the door.

    Neither `tickets_url`, which whoever has it may open, nor the buyer's name and addresses.
    """
    tickets = [{"id": str(ticket.id), "code": ticket.code} for ticket in event.tickets]
    data = {**_order(event), "ticket_count": event.ticket_count, "tickets": tickets}
    announce(
        session,
        Announcement(EventType.ORDER_FULFILLED, event.order_id, event.organisation_id, event.fulfilled_at, data),
    )


def announce(session: Session, announcement: Announcement) -> None:
    """Store the message and a delivery for each endpoint, once, however often the same is announced.

    What only disabled endpoints want is stored without a delivery, so that it can be replayed to them; what nobody
    wants is not stored.
    """
    endpoints = Endpoints(session).subscribed(announcement.organisation_id, announcement.event_type)
    deliveries, message_id = Deliveries(session), new_id()
    if not endpoints or not deliveries.announce(message_id, announcement):
        return
    added = {new_id(): endpoint.id for endpoint in endpoints if endpoint.enabled}
    if not added:
        return
    deliveries.add(message_id, announcement.organisation_id, added)
    publish_all(
        session,
        [DeliverWebhook(delivery_id=delivery_id) for delivery_id in added],
        organisation_id=announcement.organisation_id,
    )


def _order(event: OrderPaid | OrderFulfilled) -> dict[str, Value]:
    return {
        "order_id": str(event.order_id),
        "number": event.number,
        "organisation_id": str(event.organisation_id),
        "event_id": str(event.event_id),
        "amount": event.amount,
        "currency": event.currency,
    }
