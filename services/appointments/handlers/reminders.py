"""Reminders before an appointment: planned with it, moved with it, and fallen with it."""

from datetime import timedelta

from services.appointments.domain.appointments import Appointment, State
from services.appointments.handlers.dependencies import Dependencies, Facts
from services.appointments.handlers.letters import tell
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.companies import Companies
from services.appointments.repository.reminders import Reminders
from shared.clock import Clock
from shared.contracts.appointments import RemindOfAppointment
from shared.messaging.outbox import Session, publish
from shared.messaging.scheduled import cancel_message


def plan(session: Session, facts: Facts, clock: Clock, appointment: Appointment) -> None:
    """Plan those whose time has not come yet. Planned again for the same beginning, nothing is added."""
    reminders = Reminders(session)
    planned, now = set(reminders.planned(appointment.id, appointment.starts_at)), clock()
    for minutes in sorted(_minutes(session, facts, appointment) - planned):
        due = appointment.starts_at - timedelta(minutes=minutes)
        if due <= now:
            continue
        message = RemindOfAppointment(
            appointment_id=appointment.id, starts_at=appointment.starts_at, minutes_before=minutes
        )
        message_id = publish(session, message, due=due, organisation_id=appointment.organisation_id)
        reminders.plan(appointment.id, appointment.starts_at, minutes, message_id)


def drop(session: Session, appointment: Appointment) -> None:
    """Take back what was not sent yet. One that is on its way finds that it is not planned any more."""
    for message_id in Reminders(session).drop_unsent(appointment.id):
        cancel_message(session, message_id)


def remind(session: Session, dependencies: Dependencies, message: RemindOfAppointment) -> None:
    """Remind, if the appointment still stands at this time, and this reminder was not sent before."""
    appointment = Appointments(session).lock(message.appointment_id)
    if appointment is None or appointment.state is not State.BOOKED or appointment.starts_at != message.starts_at:
        return
    if not Reminders(session).mark_sent(appointment.id, message.starts_at, message.minutes_before):
        return
    if appointment.starts_at <= dependencies.clock():
        return
    about = f"{appointment.starts_at.isoformat()}:{message.minutes_before}"
    tell(session, dependencies.links, appointment, "reminder", about=about)


def _minutes(session: Session, facts: Facts, appointment: Appointment) -> set[int]:
    """How long before: what the company has set up, else what the settings say."""
    company = Companies(session).get(appointment.organisation_id)
    own = company.reminders if company else None
    return set(facts.reminders if own is None else own)
