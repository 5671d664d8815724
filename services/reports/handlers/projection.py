"""Taking what other services tell into the projection."""

from uuid import UUID

from services.reports.domain.logged import logged
from services.reports.repository.event_log import EventLog
from services.reports.repository.projection import Projection
from services.reports.repository.rebuilds import Rebuilds
from shared.contracts.message import Event
from shared.messaging.outbox import Session

WAIT_SECONDS = 15.0
"""How long whoever needs the whole projection waits before asking again."""


def hear(session: Session, message_id: UUID, event: Event) -> None:
    """Write an event down, and take it into the projection. One that is written down already changes nothing."""
    fields = logged(event.kind, event.model_dump(mode="json"))
    if EventLog(session).add(message_id, event.kind, fields):
        Projection(session).take(event.kind, fields)


def projection_is_whole(session: Session) -> bool:
    """Whether everything that was told is in the projection. It is not while it is rebuilt: wait WAIT_SECONDS then.

    Asked in a transaction with one snapshot (REPEATABLE READ), it holds for all that is read in that.
    """
    return Rebuilds(session).leave_projection_whole()
