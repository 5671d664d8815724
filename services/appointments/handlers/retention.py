"""Letting go of what has been kept for long enough."""

from services.appointments.domain.retention import Keep
from services.appointments.repository import retention
from shared.contracts.appointments import PurgeAppointments
from shared.messaging.outbox import Session, publish

ROUND_SECONDS = 0.5
"""What one job takes: others wait behind it."""


def purge(session: Session, keep: Keep) -> None:
    """A part of it; a message of its own goes on where there is more, so that no transaction is long."""
    if not retention.purge(session, keep, ROUND_SECONDS):
        publish(session, PurgeAppointments())
