"""The customer is told that the appointment stands, and its reminders are planned."""

from services.appointments.domain.appointments import State
from services.appointments.handlers import reminders
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.handlers.letters import tell
from services.appointments.repository.appointments import Appointments
from shared.contracts.appointments import ConfirmAppointment
from shared.messaging.outbox import Session


def confirm(session: Session, dependencies: Dependencies, message: ConfirmAppointment) -> None:
    """Confirm it, once for each time that it is booked for. One that has fallen meanwhile is not confirmed."""
    appointment = Appointments(session).lock(message.appointment_id)
    if appointment is None or appointment.state is not State.BOOKED or not appointment.is_ours:
        return
    about = f"{appointment.moves}:{appointment.starts_at.isoformat()}"
    tell(session, dependencies.links, appointment, "confirmed", about=about)
    reminders.plan(session, dependencies.facts, dependencies.clock, appointment)
