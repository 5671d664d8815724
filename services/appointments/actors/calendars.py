"""What the service hears of calendars: their webhooks, and what is read and looked through by schedule."""

from services.appointments.domain.bookings import Told
from services.appointments.handlers import calendar_events, calendars, missed_bookings
from services.appointments.handlers.asking import in_turn
from services.appointments.handlers.calendars import Offered, Sync
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.missed_bookings import Found, Look
from shared.contracts.appointments import (
    FindMissed,
    FindMissedBookings,
    ReadStoredCalendarEvent,
    SyncCalendar,
    SyncCalendars,
)
from shared.contracts.notifications import AlertFailure
from shared.contracts.webhooks import CalcomEventReceived
from shared.messaging.actor import ProviderSteps, Snooze, actor, provider_actor
from shared.messaging.middleware import TokenBucket, WithoutOverlapping
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

CALENDAR_EVENTS, DEFAULT = "appointments.calendar_events", "appointments.default"
"""Apart from the events of calls: a calendar can send thousands at once."""
WEBHOOKS = "appointments.webhooks"
DELAYS = [5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0]


@actor(
    CalcomEventReceived,
    queue=CALENDAR_EVENTS,
    formerly=[WEBHOOKS],
    tries=10,
    backoff=Delays(DELAYS),
    time_limit=30,
    on_failure=AlertFailure,
    middleware=[
        TokenBucket("calcom webhooks {connection_id}", rate=50, burst=200),
        WithoutOverlapping("calcom webhook {connection_id} {external_id}"),
    ],
)
def hear_calendar_event(message: CalcomEventReceived, session: Session, dependencies: Dependencies) -> None:
    calendar_events.hear(session, dependencies, message)


@provider_actor(
    ReadStoredCalendarEvent,
    queue=WEBHOOKS,
    tries=10,
    backoff=Delays(DELAYS),
    time_limit=60,
    repeatable=True,
    on_failure=AlertFailure,
)
def read_stored_calendar_event(
    dependencies: Dependencies,
) -> ProviderSteps[ReadStoredCalendarEvent, ReadStoredCalendarEvent, Told]:
    return _ReadingStored(dependencies)


@provider_actor(
    SyncCalendar,
    queue=DEFAULT,
    tries=3,
    backoff=Delays([30, 120]),
    time_limit=300,
    call_deadline=35,
    repeatable=True,  # it only asks, and the newest answer is the one that is kept
)
def sync_calendar(dependencies: Dependencies) -> ProviderSteps[SyncCalendar, Sync, Offered]:
    return _Syncing(dependencies)


@provider_actor(
    FindMissedBookings,
    queue=DEFAULT,
    tries=3,
    backoff=Delays([60, 300]),
    time_limit=300,
    call_deadline=245,
    repeatable=True,  # it only asks; bookings that are known already are known by their uid
)
def find_missed_bookings(dependencies: Dependencies) -> ProviderSteps[FindMissedBookings, Look, Found]:
    return _Looking(dependencies)


@actor(SyncCalendars, queue=DEFAULT)
def sync_calendars(_message: SyncCalendars, session: Session, dependencies: Dependencies) -> None:
    calendars.sync_all(session, dependencies.facts)


@actor(FindMissed, queue=DEFAULT)
def find_missed(_message: FindMissed, session: Session, dependencies: Dependencies) -> None:
    calendars.find_missed_everywhere(session, dependencies.facts)


class _ReadingStored(ProviderSteps[ReadStoredCalendarEvent, ReadStoredCalendarEvent, Told]):
    """Reading is harmless to repeat. So are the two below."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, _session: Session, message: ReadStoredCalendarEvent) -> ReadStoredCalendarEvent:
        return message

    def call(self, intent: ReadStoredCalendarEvent) -> Told:
        return calendar_events.read_stored(self._dependencies, intent)

    def resolve(self, _intent: ReadStoredCalendarEvent) -> None:
        return None

    def record(self, session: Session, intent: ReadStoredCalendarEvent, result: Told) -> None:
        calendar_events.take(session, self._dependencies, intent, result)


class _Syncing(ProviderSteps[SyncCalendar, Sync, Offered]):
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: SyncCalendar) -> Sync:
        return calendars.prepare_sync(session, self._dependencies.facts, message)

    def call(self, intent: Sync) -> Offered:
        with in_turn(Snooze):
            return calendars.read(self._dependencies, intent)

    def resolve(self, _intent: Sync) -> None:
        return None

    def record(self, session: Session, intent: Sync, result: Offered) -> None:
        calendars.record_sync(session, self._dependencies.facts, intent, result)

    def failed(self, session: Session, message: SyncCalendar, error: BaseException, *, final: bool) -> None:  # noqa: ARG002 - each failure shows
        calendars.sync_failed(session, self._dependencies.facts, message, error)


class _Looking(ProviderSteps[FindMissedBookings, Look, Found]):
    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: FindMissedBookings) -> Look:
        return missed_bookings.prepare(session, self._dependencies.facts, message)

    def call(self, intent: Look) -> Found:
        with in_turn(Snooze):
            return missed_bookings.look(self._dependencies, intent)

    def resolve(self, _intent: Look) -> None:
        return None

    def record(self, session: Session, intent: Look, result: Found) -> None:
        missed_bookings.record(session, self._dependencies, intent, result)

    def failed(self, session: Session, message: FindMissedBookings, error: BaseException, *, final: bool) -> None:  # noqa: ARG002 - each failure shows
        missed_bookings.failed(session, self._dependencies.facts, message, error)
