"""All SQL of the console: what waits, and how far behind the relay is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class ScheduledMessage:
    """A message that is due later. `reason` is due (sent with a delay), retry or snoozed; `queue` is set for the last two."""

    id: int
    kind: str
    reason: str
    due_at: datetime
    queue: str | None
    turn: int
    message_id: UUID
    organisation_id: UUID | None
    correlation_id: UUID | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the relay is, in seconds and rows."""

    outbox_rows: int
    outbox_age: float
    scheduled_overdue: float
    failed_jobs: int


_COLUMNS = "id, kind, reason, due_at, queue, turn, message_id, organisation_id, correlation_id"
_LIST = text(
    f"SELECT {_COLUMNS} FROM messaging.scheduled "  # noqa: S608 - the column list is ours
    "WHERE (CAST(:kind AS text) IS NULL OR kind = :kind) ORDER BY due_at, id LIMIT :limit"
)
_TAKE = text(
    f"DELETE FROM messaging.scheduled WHERE id = :id RETURNING {_COLUMNS}, body"  # noqa: S608 - the column list is ours
)
_LAG = text("""
SELECT (SELECT count(*) FROM messaging.outbox),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM messaging.outbox),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)::float8 FROM messaging.scheduled
            WHERE due_at <= clock_timestamp()),
       (SELECT count(*) FROM messaging.failed_job WHERE resolved_at IS NULL)
""")
_ON_FAILURE = text("SELECT on_failure FROM messaging.subscription WHERE service = :service AND kind = :kind")
_ATTEMPTS = text("SELECT attempts FROM messaging.inbox WHERE service = :service AND message_id = :message_id")
_LAST_TICKS = text(
    "SELECT schedule, max(due_at) AS due_at FROM messaging.tick WHERE message_id IS NOT NULL GROUP BY schedule"
)


class Messages:
    """What lies in schema `messaging`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def scheduled(self, kind: str | None, limit: int) -> list[ScheduledMessage]:
        """What waits, the next one first."""
        rows = self._session.execute(_LIST, {"kind": kind, "limit": limit})
        return [ScheduledMessage(*row) for row in rows]

    def take_scheduled(self, row_id: int) -> tuple[ScheduledMessage, bytes] | None:
        """Remove a waiting message, and return it with its body. None if it is not there any more."""
        row = self._session.execute(_TAKE, {"id": row_id}).one_or_none()
        return None if row is None else (ScheduledMessage(*row[:-1]), bytes(row[-1]))

    def lag(self) -> Lag:
        return Lag(*self._session.execute(_LAG).one())

    def on_failure(self, service: str, kind: str) -> str | None:
        """The kind that is published when this one finally fails."""
        found: str | None = self._session.execute(_ON_FAILURE, {"service": service, "kind": kind}).scalar()
        return found

    def attempts(self, service: str, message_id: UUID) -> int:
        """How many attempts a message has had at one service."""
        return self._session.execute(_ATTEMPTS, {"service": service, "message_id": message_id}).scalar() or 0

    def last_ticks(self) -> dict[str, datetime]:
        """When each schedule was published last, by name."""
        return {row.schedule: row.due_at for row in self._session.execute(_LAST_TICKS)}
