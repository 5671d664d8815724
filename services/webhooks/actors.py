"""What the webhooks service hears."""

from services.webhooks.domain.deliveries import SCHEDULE, TRIES, Attempted
from services.webhooks.handlers import announcements, deliveries, places, retention
from services.webhooks.handlers.deliveries import Dependencies, Intent
from shared.contracts.appointments import AppointmentBooked, AppointmentCancelled, AppointmentRescheduled
from shared.contracts.ticketing import OrderFulfilled, OrderPaid
from shared.contracts.webhooks import DeliverWebhook, ProbeEndpoint, PurgeWebhooks, ReleaseWaiting
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

EVENTS, DEFAULT = "webhooks.events", "webhooks.default"
OUTBOUND = "webhooks.outbound"
"""Slow endpoints hold threads for up to 20 seconds each: it has processes of its own."""


@actor(OrderPaid, queue=EVENTS, formerly=[DEFAULT], shares_commit=False)
def announce_order_paid(message: OrderPaid, session: Session, dependencies: Dependencies) -> None:
    announcements.order_paid(session, message, dependencies.limits)


@actor(OrderFulfilled, queue=EVENTS, formerly=[DEFAULT], shares_commit=False)
def announce_order_fulfilled(message: OrderFulfilled, session: Session, dependencies: Dependencies) -> None:
    announcements.order_fulfilled(session, message, dependencies.limits)


@actor(AppointmentBooked, queue=EVENTS, formerly=[DEFAULT], shares_commit=False)
def announce_appointment_booked(message: AppointmentBooked, session: Session, dependencies: Dependencies) -> None:
    announcements.appointment_booked(session, message, dependencies.limits)


@actor(AppointmentRescheduled, queue=EVENTS, formerly=[DEFAULT], shares_commit=False)
def announce_appointment_rescheduled(
    message: AppointmentRescheduled, session: Session, dependencies: Dependencies
) -> None:
    announcements.appointment_rescheduled(session, message, dependencies.limits)


@actor(AppointmentCancelled, queue=EVENTS, formerly=[DEFAULT], shares_commit=False)
def announce_appointment_cancelled(message: AppointmentCancelled, session: Session, dependencies: Dependencies) -> None:
    announcements.appointment_cancelled(session, message, dependencies.limits)


@provider_actor(
    DeliverWebhook,
    queue=OUTBOUND,
    tries=TRIES,
    backoff=Delays(SCHEDULE, jitter=0.2),
    time_limit=30,
    call_deadline=20,
    repeatable=True,
)
def deliver_webhook(dependencies: Dependencies) -> ProviderSteps[DeliverWebhook, Intent, Attempted]:
    return _Delivery(dependencies)


@actor(ProbeEndpoint, queue=DEFAULT, shares_commit=False)
def probe_endpoint(message: ProbeEndpoint, session: Session, _dependencies: Dependencies) -> None:
    places.probe(session, message)


@actor(ReleaseWaiting, queue=DEFAULT, tries=1, shares_commit=False)
def release_waiting(_message: ReleaseWaiting, session: Session, dependencies: Dependencies) -> None:
    places.release_waiting(session, dependencies.limits)


class _Delivery(ProviderSteps[DeliverWebhook, Intent, Attempted]):
    """Sending again is harmless: receivers know a repetition by its `webhook-id`."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: DeliverWebhook) -> Intent | None:
        return deliveries.prepare(session, self._dependencies.vault, message, self._dependencies.limits)

    def call(self, intent: Intent) -> Attempted:
        return deliveries.attempt(self._dependencies.receivers, intent)

    def resolve(self, _intent: Intent) -> None:
        return None

    def record(self, session: Session, intent: Intent, result: Attempted) -> None:
        deliveries.record(session, intent, result, self._dependencies.limits)

    def failed(self, session: Session, message: DeliverWebhook, error: BaseException, *, final: bool) -> None:
        deliveries.record_failure(session, message, error, self._dependencies.limits, final=final)


@provider_actor(PurgeWebhooks, queue=DEFAULT, tries=3, time_limit=120, call_deadline=110, repeatable=True)
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
