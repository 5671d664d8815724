"""Where an appointment stands now: what follows when it is booked, moved, requested or falls, whoever caused it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.appointments.domain.appointments import AT_PROVIDER, Appointment, State
from services.appointments.domain.bookings import STATES, Word
from services.appointments.handlers import reminders
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.letters import tell
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calendars import Calendars
from shared.contracts.appointments import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentRescheduled,
    CancelAppointment,
    ConfirmAppointment,
    CountCall,
)
from shared.contracts.message import Event
from shared.messaging.outbox import Session, publish

_FALLEN = frozenset({State.CANCELLED, State.REJECTED})
_IN_CHAIN = frozenset({State.WANTED, State.BOOKING})
"""From these a chain leads to the confirmation by itself."""


def apply(session: Session, dependencies: Dependencies, before: Appointment, word: Word) -> Appointment:
    """Write what a newer word of the provider says, and publish what follows from it. `before` is held by its lock."""
    after = _written(session, before, word)
    if before.state is State.CANCELLED and before.booking_uid is None and after.state in AT_PROVIDER:
        _cancel_after_all(session, after)
        return after
    if after.starts_at != before.starts_at and before.state not in _IN_CHAIN | {State.OFFERED, State.FAILED}:
        _moved(session, dependencies, before, after)
    elif after.state is not before.state:
        _changed(session, dependencies, before, after)
    return after


def _cancel_after_all(session: Session, appointment: Appointment) -> None:
    """It was cancelled here while nobody knew that it had been booked. So it is cancelled where it stands."""
    announce_booked(session, appointment)
    wish = {"action": "cancel", "reason": "it was cancelled while it was being booked"}
    Appointments(session).change(appointment.id, wish=wish)
    publish(session, CancelAppointment(appointment_id=appointment.id), organisation_id=appointment.organisation_id)


def _written(session: Session, before: Appointment, word: Word) -> Appointment:
    appointments = Appointments(session)
    for former in {before.booking_uid, word.former_uid} - {None, word.uid}:
        appointments.name_formerly(before.connection_id, str(former), before.id)
    state = _state(before, word)
    moved = before.booking_uid is not None and word.starts_at != before.starts_at
    values: dict[str, Any] = {
        "state": state,
        "starts_at": word.starts_at,
        "ends_at": word.ends_at,
        "booking_uid": word.uid,
        "booking_number": word.number or before.booking_number,
        "ical_uid": before.ical_uid or word.ical_uid,
        "sequence": _sequence(before, word),
        "told_at": word.told_at,
        "moves": before.moves + (1 if moved else 0),
        "meeting_url": word.meeting_url or before.meeting_url,
        "location": word.location or before.location,
        "reason": word.reason if state in _FALLEN else None,
        "detail": None,
        "wish": None if _answers(before, word) else before.wish,
    }
    if word.host is not None:
        values["host_number"] = Calendars(session).host_number(before.organisation_id, word.host, word.host_name)
    return _fitted(appointments, before, values)


def _fitted(appointments: Appointments, before: Appointment, values: dict[str, Any]) -> Appointment:
    """The provider's calendar is the truth: what it lets overlap is exempt from our own constraint."""
    if not appointments.change_if_free(before.id, **values):
        values["shares_host"] = True
        appointments.change(before.id, **values)
    return replace(before, **values)


def _state(before: Appointment, word: Word) -> State:
    """Somebody who did not come has not come, also when the same booking is told of again."""
    state = STATES[word.standing]
    same = before.starts_at == word.starts_at
    return State.NO_SHOW if before.state is State.NO_SHOW and state is State.BOOKED and same else state


def _sequence(before: Appointment, word: Word) -> int:
    """An answer has no sequence. Cal.com raises it by one with each move."""
    if word.sequence is not None:
        return word.sequence
    is_next = word.former_uid is not None and word.former_uid == before.booking_uid
    return before.sequence + 1 if is_next else before.sequence


def _answers(before: Appointment, word: Word) -> bool:
    """Whether the wish of our side needs no further asking: it has come true, or cannot any more."""
    wish = (before.wish or {}).get("action")
    if wish == "cancel":
        return STATES[word.standing] in _FALLEN
    if wish == "reschedule":
        wished = datetime.fromisoformat(str((before.wish or {})["starts_at"]))
        return STATES[word.standing] in _FALLEN or word.starts_at == wished
    return True


def _moved(session: Session, dependencies: Dependencies, before: Appointment, after: Appointment) -> None:
    if after.state not in AT_PROVIDER:
        _changed(session, dependencies, before, after)
        return
    event = AppointmentRescheduled(
        appointment_id=after.id,
        organisation_id=after.organisation_id,
        service=after.service,
        starts_at=after.starts_at,
        ends_at=after.ends_at,
        previous_starts_at=before.starts_at,
        sequence=after.moves,
        rescheduled_at=_told(after),
    )
    _announce(session, after, event)
    if after.state is State.BOOKED and before.state is State.REQUESTED:
        announce_booked(session, after)
    if not after.is_ours:
        return
    reminders.drop(session, after)
    if after.state is State.BOOKED:
        about = f"{after.moves}:{after.starts_at.isoformat()}"
        tell(session, dependencies.links, after, "moved", about=about, previous_starts_at=before.starts_at)
        reminders.plan(session, dependencies.facts, dependencies.clock, after)
    else:
        tell(session, dependencies.links, after, "requested", about=str(after.booking_uid))


def _changed(session: Session, dependencies: Dependencies, before: Appointment, after: Appointment) -> None:
    if after.state is State.BOOKED and before.state is not State.NO_SHOW:
        announce_booked(session, after)
        if after.is_ours and before.state not in _IN_CHAIN:
            command = ConfirmAppointment(appointment_id=after.id)
            publish(session, command, organisation_id=after.organisation_id)
            _count(session, after)
    elif after.state is State.REQUESTED:
        tell(session, dependencies.links, after, "requested", about=str(after.booking_uid))
    elif after.state in _FALLEN and before.state not in _FALLEN:
        fallen(session, dependencies, after)


def _count(session: Session, appointment: Appointment) -> None:
    """The call has led to something else than what it was counted under."""
    if appointment.call_id is not None:
        publish(session, CountCall(call_id=appointment.call_id), organisation_id=appointment.organisation_id)


def announce_booked(session: Session, appointment: Appointment) -> None:
    """Say that an appointment stands in its calendar."""
    event = AppointmentBooked(
        appointment_id=appointment.id,
        organisation_id=appointment.organisation_id,
        call_id=appointment.call_id,
        customer_id=appointment.customer_id,
        service=appointment.service,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        booked_at=_told(appointment),
    )
    _announce(session, appointment, event)


def fallen(session: Session, dependencies: Dependencies, appointment: Appointment) -> None:
    """Say that an appointment does not take place, and take its reminders back."""
    event = AppointmentCancelled(
        appointment_id=appointment.id,
        organisation_id=appointment.organisation_id,
        service=appointment.service,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        reason=appointment.reason or "",
        cancelled_at=_told(appointment),
    )
    _announce(session, appointment, event)
    if appointment.is_ours:
        reminders.drop(session, appointment)
        about = f"{appointment.booking_uid}:{appointment.moves}"
        tell(session, dependencies.links, appointment, "cancelled", about=about, reason=appointment.reason or "")


def _announce(session: Session, appointment: Appointment, event: Event) -> None:
    publish(session, event, organisation_id=appointment.organisation_id)


def _told(appointment: Appointment) -> datetime:
    """When the provider says that it happened."""
    return appointment.told_at or appointment.updated_at
