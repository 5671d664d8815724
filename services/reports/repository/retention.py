"""What is purged of the schema `reports`. Exports and imports are swept with their files."""

from datetime import timedelta

from sqlalchemy.orm import Session

from shared.messaging.purging import Purge, has_removed, purge_in

EVENT_LOG = "reports.event_log"


def purges(event_log: timedelta | None) -> list[Purge]:
    """The log along the ids of its messages, which are the time at which they were sent."""
    return [
        Purge(
            EVENT_LOG,
            EVENT_LOG,
            {"message_id": "uuid"},
            "row.recorded_at < %(horizon)s",
            event_log,
            reach="row.message_id < %(horizon_id)s",
        )
    ]


def purge(session: Session, event_log: timedelta | None, seconds: float) -> bool:
    """Purge for so many seconds; whether nothing is left for now."""
    return purge_in(session, purges(event_log), seconds)


def log_was_trimmed(session: Session) -> bool:
    """Whether the log has lost its beginning, and no longer is the source of all of the projection."""
    return has_removed(session, EVENT_LOG)
