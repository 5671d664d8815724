"""Processing what is known of one event: its attendees, its money, who came."""

from datetime import datetime
from uuid import UUID

from services.reports.domain.event_statistics import statistics
from services.reports.errors import EventReportMissingError, UnknownEventError
from services.reports.repository.event_data import EventData, EventReport
from shared.contracts.reports import ProcessEventData
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique

log = get_logger("reports.event_data")


def ask(session: Session, organisation_id: UUID, event_id: UUID) -> None:
    """Have the data of an event processed: once, however often it is asked for meanwhile. Raises UnknownEventError."""
    if EventData(session).event(event_id, organisation_id) is None:
        raise UnknownEventError(f"there is no event {event_id}, or nothing was heard of it yet")
    message = ProcessEventData(event_id=event_id)
    publish(session, message, organisation_id=organisation_id, unique=Unique(str(event_id), until="started"))


def process(session: Session, message: ProcessEventData, now: datetime) -> None:
    """Compute the statistics of an event anew. One that is gone has none."""
    data = EventData(session)
    event = data.event(message.event_id)
    if event is None:
        log.info("event is gone, its data is not processed", event_id=message.event_id)
        return
    data.keep(event, statistics(data.count(event.id), is_over=event.over_at <= now))


def report(session: Session, organisation_id: UUID, event_id: UUID) -> EventReport:
    """What was computed last. Raises EventReportMissingError, UnknownEventError."""
    data = EventData(session)
    found = data.report(event_id, organisation_id)
    if found is not None:
        return found
    if data.event(event_id, organisation_id) is None:
        raise UnknownEventError(f"there is no event {event_id}, or nothing was heard of it yet")
    raise EventReportMissingError(f"the data of event {event_id} is not processed: POST /v1/event-reports asks for it")
