"""Other times, offered to those whose time was taken, and taken by one tap."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.appointments.domain.appointments import AT_PROVIDER, Appointment, EventType, State
from services.appointments.domain.free_times import believed, window, without_held, written
from services.appointments.errors import AppointmentBusyError, OfferGoneError, UnknownAppointmentError
from services.appointments.handlers import changes
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.letters import tell
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calendars import Calendars
from services.appointments.repository.offers import Offers
from shared.clock import Clock, now
from shared.contracts.appointments import BookAppointment, ConfirmAppointment, CountCall
from shared.contracts.message import Command
from shared.contracts.notifications import AlertOperations
from shared.messaging.chain import Chain, Step, publish_chain
from shared.messaging.outbox import Session, publish

FROM_OFFER = "from_offer"
"""The key of a wish that says: it was taken from an offer, outside of its call's chain."""


def known_free(session: Session, appointment: Appointment, kind: EventType, moment: datetime) -> Sequence[datetime]:
    """What was seen free a moment ago, without what is held here since then. Only of a host who is known."""
    if kind.host_number is None:
        return []
    calendars, minutes = Calendars(session), appointment.minutes
    free = believed(calendars.free(kind.id), minutes, appointment.starts_at, moment)
    if not free:
        return []
    held = Appointments(session).held_times(kind.host_number, free[0], free[-1] + timedelta(minutes=minutes))
    return without_held(free, minutes, held)


def keep_free(
    session: Session, appointment: Appointment, kind: EventType, free: Sequence[datetime], moment: datetime
) -> None:
    """Remember what was seen, for the next one who finds a time taken."""
    since, until = window(appointment.starts_at, moment)
    Calendars(session).keep_free(kind.id, written(free, appointment.minutes, since, until, moment))


def offer(session: Session, dependencies: Dependencies, appointment: Appointment, starts: Sequence[datetime]) -> None:
    """Offer these times. Where there is none, somebody has to call back."""
    Offers(session).replace(appointment.id, starts)
    if starts:
        Appointments(session).change(
            appointment.id, state=State.OFFERED, reason="slot_unavailable", detail=None, wish=None
        )
        about = ",".join(str(int(start.timestamp())) for start in starts)
        tell(session, dependencies.links, appointment, "offer", about=about, slots=starts)
        return
    Appointments(session).change(appointment.id, state=State.FAILED, reason="no_free_time", detail=None, wish=None)
    _call_back(session, dependencies, appointment, "no_free_time", "in the two weeks after it nothing is free")


def give_up(session: Session, dependencies: Dependencies, appointment: Appointment, error: BaseException) -> None:
    """An offered time that was taken could not be booked. (Of all others their call's chain takes care.)"""
    if (appointment.wish or {}).get(FROM_OFFER):
        _call_back(session, dependencies, appointment, "offer_failed", f"and booking an offered one failed: {error}")


def _call_back(session: Session, dependencies: Dependencies, appointment: Appointment, why: str, text: str) -> None:
    tell(session, dependencies.links, appointment, "call_back", about=f"{why}:{appointment.starts_at.isoformat()}")
    alert = AlertOperations(
        subject="Somebody has to call back about an appointment",
        text=f"Appointment {appointment.id} ({appointment.service}): its time was taken, {text}. "
        "The caller was told that somebody will call back.",
        fingerprint=f"appointments:{why}:{appointment.organisation_id}:{appointment.service}"[:200],
    )
    publish(session, alert, organisation_id=appointment.organisation_id)


def open_offers(session: Session, appointment_id: UUID) -> Sequence[datetime]:
    """What an appointment is offered now, earliest first."""
    return Offers(session).open(appointment_id)


def take(session: Session, appointment_id: UUID, starts_at: datetime, clock: Clock = now) -> Appointment:
    """Take an offered time: it is booked at once, and then confirmed. Taken twice, it is booked once.

    Returns the appointment as it stands. Raises UnknownAppointmentError, AppointmentBusyError, OfferGoneError.
    """
    appointments = Appointments(session)
    appointment = appointments.lock(appointment_id)
    if appointment is None:
        raise UnknownAppointmentError("there is no such appointment")
    if appointment.starts_at == starts_at and appointment.state in AT_PROVIDER | {State.WANTED, State.BOOKING}:
        return appointment
    if appointment.state in AT_PROVIDER and starts_at in Offers(session).open(appointment_id):
        Offers(session).take(appointment_id, starts_at)
        return changes.reschedule(session, appointment.organisation_id, appointment_id, starts_at, clock=clock)
    if appointment.state in {State.WANTED, State.BOOKING}:
        raise AppointmentBusyError("another time is being booked at this moment")
    if (
        starts_at <= clock()
        or appointment.state is not State.OFFERED
        or not Offers(session).take(appointment_id, starts_at)
    ):
        raise OfferGoneError("this time is not offered any more")
    ends_at = starts_at + (appointment.ends_at - appointment.starts_at)
    values = {"state": State.WANTED, "starts_at": starts_at, "ends_at": ends_at, "wish": {FROM_OFFER: True}}
    appointments.change(appointment_id, **values, reason=None, detail=None)
    steps: list[Command | Step] = [
        BookAppointment(appointment_id=appointment_id),
        Step(ConfirmAppointment(appointment_id=appointment_id), only_if="is_booked"),
    ]
    if appointment.call_id is not None:
        steps.append(CountCall(call_id=appointment.call_id))
    name = f"offer {appointment_id} {int(starts_at.timestamp())}"
    publish_chain(session, Chain(name, steps), organisation_id=appointment.organisation_id)
    return appointments.get(appointment_id) or appointment
