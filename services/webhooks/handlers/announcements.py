"""Telling subscribers what happened: one delivery for each endpoint that wants to know."""

from datetime import UTC, datetime

from services.webhooks.domain.announcements import Announcement, EventType, Value
from services.webhooks.domain.endpoints import Limits
from services.webhooks.handlers import places
from services.webhooks.repository.deliveries import Deliveries
from services.webhooks.repository.endpoints import Endpoints
from shared.contracts.appointments import AppointmentBooked, AppointmentCancelled, AppointmentRescheduled
from shared.contracts.ticketing import OrderFulfilled, OrderPaid
from shared.ids import new_id
from shared.messaging.outbox import Session

DEFAULT = Limits()
LONGEST_REASON = 500
"""Characters of what somebody wrote who cancelled: a body has at most 20 kB."""


def order_paid(session: Session, event: OrderPaid, limits: Limits = DEFAULT) -> None:
    """Tell that an order is paid."""
    data = {**_order(event), "payment_id": str(event.payment_id) if event.payment_id else None}
    announce(
        session, Announcement(EventType.ORDER_PAID, event.order_id, event.organisation_id, event.paid_at, data), limits
    )


def order_fulfilled(session: Session, event: OrderFulfilled, limits: Limits = DEFAULT) -> None:
    """Tell that an order's tickets are issued: their ids and codes, never their tokens, which open the door.

    Neither `tickets_url`, which whoever has it may open, nor the buyer's name and addresses.
    """
    tickets = [{"id": str(ticket.id), "code": ticket.code} for ticket in event.tickets]
    data = {**_order(event), "ticket_count": event.ticket_count, "tickets": tickets}
    announce(
        session,
        Announcement(EventType.ORDER_FULFILLED, event.order_id, event.organisation_id, event.fulfilled_at, data),
        limits,
    )


def appointment_booked(session: Session, event: AppointmentBooked, limits: Limits = DEFAULT) -> None:
    """Tell that an appointment stands: nothing of who comes, whom our side's interface knows by the id."""
    data = {
        **_appointment(event),
        "call_id": str(event.call_id) if event.call_id else None,
        "customer_id": str(event.customer_id) if event.customer_id else None,
    }
    kind = EventType.APPOINTMENT_BOOKED
    announce(session, Announcement(kind, event.appointment_id, event.organisation_id, event.booked_at, data), limits)


def appointment_rescheduled(session: Session, event: AppointmentRescheduled, limits: Limits = DEFAULT) -> None:
    """Tell that an appointment was moved, each time."""
    data = {
        **_appointment(event),
        "previous_starts_at": _moment(event.previous_starts_at),
        "sequence": event.sequence,
    }
    kind, subject = EventType.APPOINTMENT_RESCHEDULED, event.appointment_id
    announce(
        session, Announcement(kind, subject, event.organisation_id, event.rescheduled_at, data, event.sequence), limits
    )


def appointment_cancelled(session: Session, event: AppointmentCancelled, limits: Limits = DEFAULT) -> None:
    """Tell that an appointment does not take place. One that is taken up again later can fall again."""
    data = {**_appointment(event), "reason": event.reason[:LONGEST_REASON]}
    kind, subject, at = EventType.APPOINTMENT_CANCELLED, event.appointment_id, event.cancelled_at
    announce(session, Announcement(kind, subject, event.organisation_id, at, data, int(at.timestamp() * 1000)), limits)


def announce(session: Session, announcement: Announcement, limits: Limits = DEFAULT) -> None:
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
    places.send_or_wait(session, added, limits)


def _order(event: OrderPaid | OrderFulfilled) -> dict[str, Value]:
    return {
        "order_id": str(event.order_id),
        "number": event.number,
        "organisation_id": str(event.organisation_id),
        "event_id": str(event.event_id),
        "amount": event.amount,
        "currency": event.currency,
    }


def _appointment(event: AppointmentBooked | AppointmentRescheduled | AppointmentCancelled) -> dict[str, Value]:
    return {
        "appointment_id": str(event.appointment_id),
        "organisation_id": str(event.organisation_id),
        "service": event.service,
        "starts_at": _moment(event.starts_at),
        "ends_at": _moment(event.ends_at),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
