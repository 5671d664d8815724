"""Appointments cancelled and moved from our side: wished first, by API or by link, then asked of the provider.

Both are safe to ask twice: a booking that was cancelled or moved already says so, and where to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appointments.domain.appointments import AT_PROVIDER, NOT_AT_PROVIDER, Appointment, EventType, State
from services.appointments.domain.bookings import Standing, Usage, Word
from services.appointments.domain.free_times import next_free, window
from services.appointments.errors import (
    AlreadyCancelledError,
    AppointmentBusyError,
    AppointmentNotStandingError,
    BookingGoneError,
    SlotUnavailableError,
    TimeNotPossibleError,
    UnknownAppointmentError,
)
from services.appointments.handlers import calendar_events, standing
from services.appointments.handlers.asking import TICKET, Turn, note_failure, open_calendar, settle, take_turn
from services.appointments.handlers.dependencies import Calendar, Dependencies, Facts
from services.appointments.handlers.letters import tell
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calendars import Calendars
from services.appointments.repository.offers import Offers
from shared.clock import Clock, now
from shared.contracts.appointments import CancelAppointment, RescheduleAppointment
from shared.errors import OutcomeUnknown
from shared.messaging.outbox import Session, publish

_FALLEN = frozenset({State.CANCELLED, State.REJECTED})
_MOST_MOVES = 5
"""How far a booking is followed that was moved again and again meanwhile."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is asked of the provider. `starts_at` is None for a cancellation."""

    appointment: Appointment
    uid: str
    turn: Turn
    event_type: EventType | None
    starts_at: datetime | None
    reason: str
    asked_before: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """The booking as it is now; and, where the wished time was taken, what is free instead."""

    word: Word | None
    usage: Usage
    free: Sequence[datetime] | None = None


def cancel(
    session: Session, organisation_id: UUID, appointment_id: UUID, reason: str = "", clock: Clock = now
) -> Appointment:
    """Wish an appointment cancelled; one that no provider knows of falls at once. Cancelled twice is cancelled.

    Raises UnknownAppointmentError, AppointmentBusyError, AppointmentNotStandingError.
    """
    appointment = _wished(session, organisation_id, appointment_id)
    appointments = Appointments(session)
    if appointment.state in _FALLEN or (appointment.wish or {}).get("action") == "cancel":
        return appointment
    if appointment.state in NOT_AT_PROVIDER:
        appointments.change(appointment_id, state=State.CANCELLED, reason=reason[:500], wish=None)
        Offers(session).replace(appointment_id, [])
    elif appointment.state in AT_PROVIDER:
        if appointment.ends_at <= clock():
            raise AppointmentNotStandingError("it is over")
        appointments.change(appointment_id, wish={"action": "cancel", "reason": reason[:500]})
        command = CancelAppointment(appointment_id=appointment_id)
        publish(session, command, organisation_id=appointment.organisation_id)
    else:
        raise _refusal(appointment)
    return appointments.get(appointment_id) or appointment


def reschedule(
    session: Session,
    organisation_id: UUID,
    appointment_id: UUID,
    starts_at: datetime,
    reason: str = "",
    clock: Clock = now,
) -> Appointment:
    """Wish an appointment moved. Whether the time is free, its calendar decides.

    Raises UnknownAppointmentError, AppointmentBusyError, AppointmentNotStandingError, TimeNotPossibleError.
    """
    if starts_at.tzinfo is None or starts_at <= clock():
        raise TimeNotPossibleError("the new time is past, or says no offset from UTC")
    appointment = _wished(session, organisation_id, appointment_id)
    present = appointment.wish or {}
    wish = {"action": "reschedule", "starts_at": starts_at.isoformat(), "reason": reason[:500]}
    if appointment.state not in AT_PROVIDER:
        raise _refusal(appointment)
    if appointment.starts_at <= clock():
        raise AppointmentNotStandingError("it has begun already")
    if present.get("action") == "cancel":
        raise AppointmentBusyError("it is being cancelled")
    if present.get("starts_at") == wish["starts_at"] or (not present and appointment.starts_at == starts_at):
        return appointment
    if present.get("asked"):
        raise AppointmentBusyError("it is being moved to another time at this moment")
    Appointments(session).change(appointment_id, wish=wish)
    publish(session, RescheduleAppointment(appointment_id=appointment_id), organisation_id=organisation_id)
    return Appointments(session).get(appointment_id) or appointment


def _wished(session: Session, organisation_id: UUID, appointment_id: UUID) -> Appointment:
    found = Appointments(session).lock(appointment_id)
    if found is None or found.organisation_id != organisation_id:
        raise UnknownAppointmentError(f"there is no appointment {appointment_id}")
    return found


def _refusal(appointment: Appointment) -> AppointmentBusyError | AppointmentNotStandingError:
    if appointment.state in {State.WANTED, State.BOOKING}:
        return AppointmentBusyError("it is being booked at this moment: try again when it is")
    return AppointmentNotStandingError(f"it is {appointment.state}")


def prepare(session: Session, facts: Facts, message: CancelAppointment | RescheduleAppointment) -> Change | None:
    """What to ask; None where the wish has come true, or was replaced by another. Raises UnknownConnectionError."""
    appointment = Appointments(session).lock(message.appointment_id)
    action = "cancel" if isinstance(message, CancelAppointment) else "reschedule"
    wish = dict(appointment.wish or {}) if appointment else {}
    if appointment is None or wish.get("action") != action:
        return None
    if appointment.state not in AT_PROVIDER or appointment.booking_uid is None:
        Appointments(session).change(appointment.id, wish=None)
        return None
    turn = take_turn(session, facts, appointment.connection_id, 1, wish)
    asked_before = bool(wish.get("asked"))
    wish.pop(TICKET, None)
    wish |= {"asked": True} if turn.is_due else {TICKET: turn.slot.isoformat()}
    Appointments(session).change(appointment.id, wish=wish)
    kind = Calendars(session).get(appointment.event_type_id) if appointment.event_type_id else None
    return Change(
        appointment=appointment,
        uid=appointment.booking_uid,
        turn=turn,
        event_type=kind,
        starts_at=datetime.fromisoformat(wish["starts_at"]) if action == "reschedule" else None,
        reason=str(wish.get("reason") or ""),
        asked_before=asked_before,
    )


def call(dependencies: Dependencies, change: Change) -> Changed:
    """Ask the provider, with no transaction open. Raises BellhopError; CalendarBusyError where it is not our turn."""
    calendar = open_calendar(dependencies, change.turn)
    if change.starts_at is None:
        return Changed(_cancel(calendar, change), calendar.usage)
    return _reschedule(calendar, change, change.starts_at)


def _cancel(calendar: Calendar, change: Change) -> Word | None:
    """The booking, cancelled now or before. One that was moved meanwhile is cancelled where it stands now."""
    uid = change.uid
    for _ in range(_MOST_MOVES):
        try:
            return calendar.cancel(uid, change.reason)
        except (AlreadyCancelledError, BookingGoneError):
            found = calendar.booking(uid)
            if found is None or found.following_uid is None:
                return found
            uid = found.following_uid
    raise AppointmentBusyError("it is moved again and again")


def _reschedule(calendar: Calendar, change: Change, starts_at: datetime) -> Changed:
    uid = change.uid
    if change.asked_before:
        found = _newest(calendar, uid)
        if found is not None and (found.uid != uid or found.standing is Standing.CANCELLED):
            return Changed(found, calendar.usage)
    try:
        return Changed(calendar.reschedule(uid, starts_at, change.reason), calendar.usage)
    except BookingGoneError:
        return Changed(_newest(calendar, uid), calendar.usage)
    except SlotUnavailableError:
        return Changed(None, calendar.usage, _free(calendar, change, starts_at))


def _newest(calendar: Calendar, uid: str) -> Word | None:
    """The booking that a uid stands for now, however often it was moved."""
    found = calendar.booking(uid)
    for _ in range(_MOST_MOVES):
        if found is None or found.following_uid is None:
            break
        found = calendar.booking(found.following_uid)
    return found


def _free(calendar: Calendar, change: Change, starts_at: datetime) -> Sequence[datetime]:
    if change.event_type is None:
        return []
    since, until = window(starts_at, change.turn.now)
    length = change.appointment.minutes if len(change.event_type.lengths) > 1 else None
    found = calendar.slots(change.event_type.external_id, since, until, length_minutes=length, moving_uid=change.uid)
    return [start for start in found if start != change.appointment.starts_at]


def record(session: Session, dependencies: Dependencies, change: Change, changed: Changed) -> None:
    """Apply the answer as any other word of the provider. What it does not grant is not wished any more."""
    settle(session, dependencies.facts, change.turn, changed.usage)
    former = change.appointment
    if changed.word is not None:
        calendar_events.take_word(session, dependencies, former.organisation_id, former.connection_id, changed.word)
    appointments = Appointments(session)
    present = appointments.lock(former.id)
    if present is None:
        return
    if changed.word is None and changed.free is None:
        _vanished(session, dependencies, present)
    elif (present.wish or {}).get("action") in {"cancel", "reschedule"}:
        appointments.change(present.id, wish=None)
    if changed.free is not None and change.starts_at is not None:
        _offer(session, dependencies, present, change.starts_at, changed.free)


def _vanished(session: Session, dependencies: Dependencies, appointment: Appointment) -> None:
    """The provider has no such booking at all: it was deleted there, and does not take place."""
    values: dict[str, Any] = {"state": State.CANCELLED, "reason": "the booking is not in the calendar any more"}
    if appointment.state in AT_PROVIDER:
        Appointments(session).change(appointment.id, **values, wish=None)
        fallen = Appointments(session).get(appointment.id)
        if fallen is not None:
            standing.fallen(session, dependencies, fallen)


def _offer(
    session: Session, dependencies: Dependencies, appointment: Appointment, wished: datetime, free: Sequence[datetime]
) -> None:
    """The wished time is taken: the appointment stands where it was, and others are offered."""
    Appointments(session).change(appointment.id, reason="slot_unavailable", detail=f"{wished.isoformat()} is taken")
    starts = next_free(free, wished, dependencies.facts.offered_slots)
    Offers(session).replace(appointment.id, starts)
    if starts:
        wanted = replace(appointment, starts_at=wished, ends_at=wished + (appointment.ends_at - appointment.starts_at))
        about, stands = f"instead of {wished.isoformat()}", appointment.starts_at
        tell(session, dependencies.links, wanted, "offer", about=about, slots=starts, previous_starts_at=stands)


def failed(
    session: Session,
    facts: Facts,
    message: CancelAppointment | RescheduleAppointment,
    error: BaseException,
    *,
    final: bool,
) -> None:
    """After the last attempt nothing is wished any more, so that it can be wished again; the appointment shows why."""
    appointment = Appointments(session).lock(message.appointment_id)
    if appointment is None:
        return
    note_failure(session, facts, appointment.connection_id, error)
    if final:
        detail = {"reason": getattr(error, "code", "bug"), "detail": str(error)[:500]}
        unclear = isinstance(error, OutcomeUnknown)
        Appointments(session).change(appointment.id, wish=appointment.wish if unclear else None, **detail)
