"""What the service hears of appointments: booked, confirmed, changed, reminded of."""

from collections.abc import Mapping
from typing import Any, TypeVar

from services.appointments.handlers import bookings, changes, confirmations, reminders
from services.appointments.handlers.asking import in_turn
from services.appointments.handlers.bookings import Answer, Intent
from services.appointments.handlers.changes import Change, Changed
from services.appointments.handlers.dependencies import Dependencies
from shared.contracts.appointments import (
    BookAppointment,
    CancelAppointment,
    ConfirmAppointment,
    RemindOfAppointment,
    RescheduleAppointment,
)
from shared.contracts.notifications import AlertFailure
from shared.messaging.actor import ProviderSteps, Snooze, actor, provider_actor
from shared.messaging.middleware import WithoutOverlapping
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

HIGH, DEFAULT = "appointments.high", "appointments.default"
DELAYS = [10.0, 30.0, 60.0, 300.0, 600.0]
CALL_SECONDS = 35.0
"""Cal.com is given 30 seconds for all requests of one call."""
ALONE = WithoutOverlapping("appointment {appointment_id}")
"""Nobody books, cancels and moves one appointment at once."""

ChangeT = TypeVar("ChangeT", CancelAppointment, RescheduleAppointment)


@provider_actor(
    BookAppointment,
    queue=HIGH,
    tries=5,
    backoff=Delays(DELAYS),
    time_limit=300,
    call_deadline=CALL_SECONDS,
    middleware=[ALONE],
)
def book_appointment(dependencies: Dependencies) -> ProviderSteps[BookAppointment, Intent, Answer]:
    return _Booking(dependencies)


@provider_actor(
    CancelAppointment,
    queue=HIGH,
    tries=5,
    backoff=Delays(DELAYS),
    time_limit=300,
    call_deadline=CALL_SECONDS,
    on_failure=AlertFailure,
    middleware=[ALONE],
)
def cancel_appointment(dependencies: Dependencies) -> ProviderSteps[CancelAppointment, Change, Changed]:
    return _Changing(dependencies)


@provider_actor(
    RescheduleAppointment,
    queue=HIGH,
    tries=5,
    backoff=Delays(DELAYS),
    time_limit=300,
    call_deadline=CALL_SECONDS,
    on_failure=AlertFailure,
    middleware=[ALONE],
)
def reschedule_appointment(dependencies: Dependencies) -> ProviderSteps[RescheduleAppointment, Change, Changed]:
    return _Changing(dependencies)


@actor(ConfirmAppointment, queue=DEFAULT, tries=5, backoff=Delays([2, 10, 60, 300]))
def confirm_appointment(message: ConfirmAppointment, session: Session, dependencies: Dependencies) -> None:
    confirmations.confirm(session, dependencies, message)


@actor(RemindOfAppointment, queue=DEFAULT, on_failure=AlertFailure)
def remind_of_appointment(message: RemindOfAppointment, session: Session, dependencies: Dependencies) -> None:
    reminders.remind(session, dependencies, message)


class _Booking(ProviderSteps[BookAppointment, Intent, Answer]):
    """The appointment's row knows whether a booking may have been made, and `call` looks for it first."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: BookAppointment) -> Intent | None:
        return bookings.prepare(session, self._dependencies.facts, message)

    def call(self, intent: Intent) -> Answer:
        with in_turn(Snooze):
            return bookings.call(self._dependencies, intent)

    def resolve(self, _intent: Intent) -> None:
        return None

    def record(self, session: Session, intent: Intent, result: Answer) -> Mapping[str, Any]:
        return bookings.record(session, self._dependencies, intent, result)

    def failed(self, session: Session, message: BookAppointment, error: BaseException, *, final: bool) -> None:
        bookings.failed(session, self._dependencies, message, error, final=final)


class _Changing(ProviderSteps[ChangeT, Change, Changed]):
    """A booking that was cancelled or moved already says so: asking again is harmless."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: ChangeT) -> Change | None:
        return changes.prepare(session, self._dependencies.facts, message)

    def call(self, intent: Change) -> Changed:
        with in_turn(Snooze):
            return changes.call(self._dependencies, intent)

    def resolve(self, _intent: Change) -> None:
        return None

    def record(self, session: Session, intent: Change, result: Changed) -> None:
        changes.record(session, self._dependencies, intent, result)

    def failed(
        self,
        session: Session,
        message: ChangeT,
        error: BaseException,
        *,
        final: bool,
    ) -> None:
        changes.failed(session, self._dependencies.facts, message, error, final=final)
