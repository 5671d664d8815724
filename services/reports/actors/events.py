"""What is heard of other services, and kept: each event goes into the log and the projection."""

from services.reports.handlers import projection
from services.reports.handlers.dependencies import Dependencies
from shared.contracts.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentRescheduled,
    CallHandled,
)
from shared.contracts.message import Event
from shared.contracts.notifications import AlertFailure, NotificationEnded
from shared.contracts.payments import PaymentSucceeded
from shared.contracts.ticketing import (
    EventCreated,
    OrderCancelled,
    OrderExpired,
    OrderFulfilled,
    OrderPaid,
    OrderPlaced,
    TicketCheckedIn,
    TicketsIssued,
)
from shared.messaging.actor import ActorDeclaration, actor
from shared.messaging.causes import current_cause
from shared.messaging.outbox import Session
from shared.messaging.retries import Exponential

EVENTS = "reports.events"


def _hear(message: Event, session: Session, _dependencies: Dependencies) -> None:
    """What is published while a message is handled names it as its cause: that is its id."""
    message_id = current_cause().causation_id
    assert message_id is not None, "events are heard in a worker"
    projection.hear(session, message_id, message)


def _heard(contract: type[Event]) -> ActorDeclaration:
    """Nothing that was told may be missing, so it is tried for two days before people have to look at it."""
    backoff = Exponential(base=1, cap=3_600)
    return actor(contract, queue=EVENTS, tries=60, backoff=backoff, time_limit=30, on_failure=AlertFailure)(_hear)


event_created = _heard(EventCreated)
order_placed = _heard(OrderPlaced)
order_paid = _heard(OrderPaid)
order_fulfilled = _heard(OrderFulfilled)
order_expired = _heard(OrderExpired)
order_cancelled = _heard(OrderCancelled)
tickets_issued = _heard(TicketsIssued)
ticket_checked_in = _heard(TicketCheckedIn)
payment_succeeded = _heard(PaymentSucceeded)
appointment_booked = _heard(AppointmentBooked)
appointment_rescheduled = _heard(AppointmentRescheduled)
appointment_cancelled = _heard(AppointmentCancelled)
call_handled = _heard(CallHandled)
notification_ended = _heard(NotificationEnded)
