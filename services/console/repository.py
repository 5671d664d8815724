"""All SQL of the console: what waits, and how far behind the relay is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the relay is, in seconds and rows."""

    outbox_rows: int
    outbox_age: float
    scheduled_overdue: float
    failed_jobs: int


_LAG = text("""
SELECT (SELECT count(*) FROM messaging.outbox),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM messaging.outbox),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)::float8 FROM messaging.scheduled
            WHERE due_at <= clock_timestamp()),
       (SELECT count(*) FROM messaging.failed_job WHERE resolved_at IS NULL)
""")
_LAST_TICKS = text(
    "SELECT schedule, max(due_at) AS due_at FROM messaging.tick WHERE message_id IS NOT NULL GROUP BY schedule"
)


class Messages:
    """What lies in schema `messaging`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lag(self) -> Lag:
        return Lag(*self._session.execute(_LAG).one())

    def last_ticks(self) -> dict[str, datetime]:
        """When each schedule was published last, by name."""
        return {row.schedule: row.due_at for row in self._session.execute(_LAST_TICKS)}
