"""Where a message stands."""

from uuid import UUID

from services.console.operations.database import transaction
from services.console.settings import ConsoleSettings
from shared.messaging import jobs
from shared.messaging.jobs import Job


def show_jobs(settings: ConsoleSettings, message_id: UUID) -> list[Job]:
    """One for each service that hears it. Raises MessageNotFoundError."""
    with transaction(settings) as session:
        return jobs.show_jobs(session, message_id)
