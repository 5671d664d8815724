"""What the webhooks service hears."""

from services.webhooks.domain.deliveries import SCHEDULE, TRIES, Attempted
from services.webhooks.handlers import announcements, deliveries, retention
from services.webhooks.handlers.deliveries import Dependencies, Intent
from shared.contracts.appointments import AppointmentBooked, AppointmentCancelled, AppointmentRescheduled
from shared.contracts.ticketing import OrderFulfilled, OrderPaid
from shared.contracts.webhooks import DeliverWebhook, PurgeWebhooks
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

OUTBOUND, FAN_OUT = "webhooks.outbound", "webhooks.default"
"""Events apart from OUTBOUND, where slow endpoints hold threads for up to 20 seconds each."""


@actor(OrderPaid, queue=FAN_OUT)
def announce_order_paid(message: OrderPaid, session: Session, _dependencies: Dependencies) -> None:
    announcements.order_paid(session, message)


@actor(OrderFulfilled, queue=FAN_OUT)
def announce_order_fulfilled(message: OrderFulfilled, session: Session, _dependencies: Dependencies) -> None:
    announcements.order_fulfilled(session, message)


@actor(AppointmentBooked, queue=FAN_OUT)
def announce_appointment_booked(message: AppointmentBooked, session: Session, _dependencies: Dependencies) -> None:
    announcements.appointment_booked(session, message)


@actor(AppointmentRescheduled, queue=FAN_OUT)
def announce_appointment_rescheduled(
    message: AppointmentRescheduled, session: Session, _dependencies: Dependencies
) -> None:
    announcements.appointment_rescheduled(session, message)


@actor(AppointmentCancelled, queue=FAN_OUT)
def announce_appointment_cancelled(
    message: AppointmentCancelled, session: Session, _dependencies: Dependencies
) -> None:
    announcements.appointment_cancelled(session, message)


@provider_actor(
    DeliverWebhook,
    queue=OUTBOUND,
    tries=TRIES,
    backoff=Delays(SCHEDULE, jitter=0.2),
    time_limit=30,
    call_deadline=20,
)
def deliver_webhook(dependencies: Dependencies) -> ProviderSteps[DeliverWebhook, Intent, Attempted]:
    return _Delivery(dependencies)


class _Delivery(ProviderSteps[DeliverWebhook, Intent, Attempted]):
    """Sending again is harmless: receivers know a repetition by its `webhook-id`."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: DeliverWebhook) -> Intent | None:
        return deliveries.prepare(session, self._dependencies.vault, message)

    def call(self, intent: Intent) -> Attempted:
        return deliveries.attempt(self._dependencies.receivers, intent)

    def resolve(self, _intent: Intent) -> None:
        return None

    def record(self, session: Session, intent: Intent, result: Attempted) -> None:
        deliveries.record(session, intent, result)

    def failed(self, session: Session, message: DeliverWebhook, error: BaseException, *, final: bool) -> None:
        deliveries.record_failure(session, message, error, final=final)


@provider_actor(PurgeWebhooks, queue=OUTBOUND, tries=3, time_limit=120, call_deadline=110, repeatable=True)
def purge_webhooks(dependencies: Dependencies) -> ProviderSteps[PurgeWebhooks, bool, bool]:
    return _Purging(dependencies)


class _Purging(ProviderSteps[PurgeWebhooks, bool, bool]):
    """The intent, and the result, is whether all rows, and all objects, are gone that may go."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, _message: PurgeWebhooks) -> bool:
        return retention.purge_rows(session, self._dependencies.keep)

    def call(self, _intent: bool) -> bool:
        needs = self._dependencies
        return retention.remove_bodies(needs.storage, needs.keep, needs.clock())

    def resolve(self, _intent: bool) -> None:
        return None

    def record(self, session: Session, intent: bool, result: bool) -> None:
        if not (intent and result):
            retention.go_on(session)
