"""What the service hears of letting go."""

from services.appointments.handlers import retention
from services.appointments.handlers.dependencies import Dependencies
from shared.contracts.appointments import PurgeAppointments
from shared.messaging.actor import actor
from shared.messaging.outbox import Session


@actor(PurgeAppointments, queue="appointments.default", tries=3, shares_commit=False)
def purge_appointments(_message: PurgeAppointments, session: Session, dependencies: Dependencies) -> None:
    retention.purge(session, dependencies.keep)
