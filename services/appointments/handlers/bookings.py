"""A wanted appointment is booked, in three steps; whatever dies in between, the two calendars agree in the end.

Prepare holds the time here, under the exclusion constraint, and notes that the provider is going to be asked. Call looks
for a booking that an earlier attempt may have made, else reserves the slot and books with our id in the metadata. Record
applies the answer as any other word of the provider, or offers other times. What our row says was asked decides, not the
lease: a chain that is started again, or a retry by hand, is another message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.appointments.domain.appointments import AT_PROVIDER, Appointment, EventType, State
from services.appointments.domain.bookings import DOUBT, SEARCH_LAG, Request, Usage, Word
from services.appointments.domain.free_times import next_free, window
from services.appointments.errors import (
    BookingGoneError,
    CalendarRefusedError,
    CalendarUnclearError,
    SlotReservedError,
    SlotUnavailableError,
    UnknownAppointmentError,
    UnknownEventTypeError,
)
from services.appointments.handlers import calendar_events, offers
from services.appointments.handlers.asking import TICKET, Turn, note_failure, open_calendar, settle, take_turn
from services.appointments.handlers.dependencies import Calendar, Dependencies, Facts
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.budgets import Budget
from services.appointments.repository.calendars import Calendars
from shared.contracts.appointments import BookAppointment, ConfirmAppointment, SyncCalendar
from shared.errors import BellhopError, OutcomeUnknown, TransientError
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique

_TO_BOOK = frozenset({State.WANTED, State.BOOKING, State.FAILED})
_REQUESTS = 2
"""To reserve, and to book."""


class Step(StrEnum):
    """What is left to do for an appointment."""

    NOTHING = "nothing"
    BOOK = "book"
    OFFER = "offer"


@dataclass(frozen=True, slots=True)
class Intent:
    """What the call needs. `asked_for` is how long ago the provider was asked first; None where it never was."""

    step: Step
    appointment: Appointment
    event_type: EventType | None = None
    call_name: str | None = None
    turn: Turn | None = None
    asked_for: timedelta | None = None
    known_free: Sequence[datetime] | None = None

    @property
    def length_minutes(self) -> int | None:
        """Only an event type that has several lengths is told which one is meant."""
        kind = self.event_type
        return self.appointment.minutes if kind is not None and len(kind.lengths) > 1 else None


@dataclass(frozen=True, slots=True)
class Answer:
    """The booking; or the times that are free instead; or neither, where nothing was left to do."""

    word: Word | None = None
    free: Sequence[datetime] | None = None
    usage: Usage | None = None


def prepare(session: Session, facts: Facts, message: BookAppointment) -> Intent | None:
    """Hold the time, and note that the provider will be asked.

    None where the appointment has fallen, or others are offered already. Raises UnknownAppointmentError,
    UnknownEventTypeError, CalendarRefusedError, UnknownConnectionError.
    """
    appointments = Appointments(session)
    found = appointments.get(message.appointment_id)
    if found is None:
        raise UnknownAppointmentError(f"there is no appointment {message.appointment_id}")
    host = [] if found.host_number is None else [f"host {found.host_number}"]
    appointments.lock_names([f"appointment {found.id}", *host])
    appointment = appointments.lock(found.id) or found
    if appointment.state in AT_PROVIDER:
        return Intent(Step.NOTHING, appointment)
    if appointment.state not in _TO_BOOK:
        return None
    kind = _bookable(session, appointment)
    now = Budget(session, appointment.connection_id, facts.calcom_per_minute).now()
    if appointment.starts_at > now and _hold(appointments, appointment):
        return _to_book(session, facts, appointment, kind)
    return _to_offer(session, facts, appointment, kind, now)


def _bookable(session: Session, appointment: Appointment) -> EventType:
    kind = Calendars(session).get(appointment.event_type_id) if appointment.event_type_id else None
    if kind is None or kind.gone_at is not None:
        name = kind.slug if kind else "it"
        raise UnknownEventTypeError(f"{name} cannot be booked any more: it vanished from the calendar")
    if kind.has_seats:
        raise CalendarRefusedError(f"{kind.slug} has seats: such event types are booked on the calendar's own page")
    return kind


def _hold(appointments: Appointments, appointment: Appointment) -> bool:
    """Whether the host's time is ours now."""
    if appointment.state is State.BOOKING:
        return True
    return appointments.change_if_free(appointment.id, state=State.BOOKING, reason=None, detail=None)


def _to_book(session: Session, facts: Facts, appointment: Appointment, kind: EventType) -> Intent:
    wish = dict(appointment.wish or {})
    turn = take_turn(session, facts, appointment.connection_id, _REQUESTS, wish)
    asked_for = turn.now - datetime.fromisoformat(wish["asked_at"]) if "asked_at" in wish else None
    _note(session, appointment, turn, {**wish, "action": "book"}, asks=True)
    call_name = Appointments(session).call_name(appointment.call_id) if appointment.call_id else None
    return Intent(Step.BOOK, appointment, kind, call_name, turn, asked_for)


def _to_offer(session: Session, facts: Facts, appointment: Appointment, kind: EventType, now: datetime) -> Intent:
    known = offers.known_free(session, appointment, kind, now)
    if known:
        return Intent(Step.OFFER, appointment, kind, known_free=known)
    wish = dict(appointment.wish or {})
    turn = take_turn(session, facts, appointment.connection_id, 1, wish)
    _note(session, appointment, turn, wish, asks=False)
    return Intent(Step.OFFER, appointment, kind, turn=turn)


def _note(session: Session, appointment: Appointment, turn: Turn, wish: dict[str, Any], *, asks: bool) -> None:
    """Write down that we wait for our turn, or that we ask now: from then on there may be a booking."""
    wish.pop(TICKET, None)
    if not turn.is_due:
        wish[TICKET] = turn.slot.isoformat()
    elif asks:
        wish.setdefault("asked_at", turn.now.isoformat())
        wish["asks"] = int(wish.get("asks", 0)) + 1
    Appointments(session).change(appointment.id, wish=wish or None)


def call(dependencies: Dependencies, intent: Intent) -> Answer:
    """Ask the provider, with no transaction open.

    Raises CalendarBusyError where it is not our turn, CalendarUnclearError where a booking may have been made.
    """
    if intent.step is Step.NOTHING:
        return Answer()
    if intent.turn is None:
        return Answer(free=intent.known_free)
    calendar = open_calendar(dependencies, intent.turn)
    if intent.step is Step.OFFER:
        return Answer(free=_free(calendar, intent), usage=calendar.usage)
    found = _made_before(calendar, intent)
    if found is not None:
        return Answer(word=found, usage=calendar.usage)
    try:
        return Answer(word=_book(calendar, intent), usage=calendar.usage)
    except SlotUnavailableError as error:
        return _unavailable(calendar, intent, error)


def _made_before(calendar: Calendar, intent: Intent) -> Word | None:
    """The booking that an earlier attempt made. Not found is only believed after a while: searches lag behind."""
    if intent.asked_for is None:
        return None
    found = _search(calendar, intent)
    if found is None and intent.asked_for < SEARCH_LAG:
        left = (SEARCH_LAG - intent.asked_for).total_seconds()
        raise CalendarUnclearError(
            "the booking may have been made, and is not found yet", retry_after=min(left, 15) + 1
        )
    return found


def _search(calendar: Calendar, intent: Intent) -> Word | None:
    assert intent.event_type is not None
    appointment = intent.appointment
    try:
        return calendar.find(appointment.id, intent.event_type.external_id, appointment.starts_at)
    except TransientError as error:
        raise CalendarUnclearError(str(error), retry_after=error.retry_after) from error


def _book(calendar: Calendar, intent: Intent) -> Word:
    request = _request(intent)
    try:
        reservation = calendar.reserve(request)
    except (SlotReservedError, CalendarRefusedError):
        # An earlier attempt of ours may hold the reservation. Booking without one is possible, and decides.
        reservation = None
    return calendar.book(request, reservation)


def _unavailable(calendar: Calendar, intent: Intent, error: SlotUnavailableError) -> Answer:
    """The time is taken: by somebody else, or by a booking of our own that the search has left out so far."""
    if intent.asked_for is not None:
        found = _search(calendar, intent)
        if found is not None:
            return Answer(word=found, usage=calendar.usage)
        if intent.asked_for < DOUBT:
            raise CalendarUnclearError(f"taken, perhaps by our own booking: {error}") from error
    return Answer(free=_free(calendar, intent), usage=calendar.usage)


def _free(calendar: Calendar, intent: Intent) -> Sequence[datetime]:
    assert intent.event_type is not None
    assert intent.turn is not None
    since, until = window(intent.appointment.starts_at, intent.turn.now)
    return calendar.slots(intent.event_type.external_id, since, until, length_minutes=intent.length_minutes)


def _request(intent: Intent) -> Request:
    assert intent.event_type is not None
    appointment = intent.appointment
    return Request(
        appointment_id=appointment.id,
        call_id=intent.call_name,
        event_type=intent.event_type.external_id,
        starts_at=appointment.starts_at,
        length_minutes=intent.length_minutes,
        name=appointment.name or appointment.phone or appointment.email or "?",
        email=appointment.email,
        phone=appointment.phone,
        time_zone=appointment.time_zone,
        language=appointment.language,
    )


def record(session: Session, dependencies: Dependencies, intent: Intent, answer: Answer) -> Mapping[str, Any]:
    """Write down how it went. Returns what the steps that follow need: whether the appointment is booked."""
    if intent.turn is not None and answer.usage is not None:
        settle(session, dependencies.facts, intent.turn, answer.usage)
    if answer.word is not None:
        _record_booking(session, dependencies, intent.appointment, answer.word)
    elif answer.free is not None:
        _record_taken(session, dependencies, intent, answer.free)
    now = Appointments(session).get(intent.appointment.id)
    return {"is_booked": now is not None and now.state is State.BOOKED}


def _record_booking(session: Session, dependencies: Dependencies, appointment: Appointment, word: Word) -> None:
    """The answer is a word like any other; its webhook, and even those that follow, may have come before."""
    ours = replace(word, appointment_id=appointment.id)
    applied = calendar_events.take_word(
        session, dependencies, appointment.organisation_id, appointment.connection_id, ours
    )
    if applied is not None and applied.id != appointment.id:
        calendar_events.absorb(session, dependencies, appointment.id, applied)


def _record_taken(session: Session, dependencies: Dependencies, intent: Intent, free: Sequence[datetime]) -> None:
    appointments = Appointments(session)
    appointment = appointments.lock(intent.appointment.id)
    if appointment is None or appointment.state not in _TO_BOOK:
        return
    if intent.turn is not None and intent.event_type is not None:
        offers.keep_free(session, intent.appointment, intent.event_type, free, intent.turn.now)
    count = dependencies.facts.offered_slots
    offers.offer(session, dependencies, appointment, next_free(free, appointment.starts_at, count))


def failed(
    session: Session, dependencies: Dependencies, message: BookAppointment, error: BaseException, *, final: bool
) -> None:
    """After an attempt that failed: what is surely not done needs no looking for; the last one frees the time."""
    appointments = Appointments(session)
    appointment = appointments.lock(message.appointment_id)
    if appointment is None:
        return
    note_failure(session, dependencies.facts, appointment.connection_id, error)
    if isinstance(error, BookingGoneError):
        command = SyncCalendar(connection_id=appointment.connection_id)
        publish(session, command, unique=Unique(f"gone:{appointment.connection_id}"))
    wish = dict(appointment.wish or {})
    if _is_surely_not_done(error, appointment):
        wish = {name: value for name, value in wish.items() if name not in {"asked_at", "asks"}}
        appointments.change(appointment.id, wish=wish or None)
    if final and appointment.state in _TO_BOOK:
        detail = {"reason": getattr(error, "code", "bug"), "detail": str(error)[:500]}
        appointments.change(appointment.id, state=State.FAILED, **detail)
        offers.give_up(session, dependencies, appointment, error)
    elif final and appointment.state is State.BOOKED and appointment.is_ours:
        # Its webhook has come, the answer never did: the chain has ended here, and the customer waits for word.
        publish(session, ConfirmAppointment(appointment_id=appointment.id))


def _is_surely_not_done(error: BaseException, appointment: Appointment) -> bool:
    """Only the first asking can be taken back: of those before it nobody knows."""
    known = isinstance(error, BellhopError) and not isinstance(error, OutcomeUnknown)
    return known and appointment.state is State.BOOKING and int((appointment.wish or {}).get("asks", 0)) == 1
