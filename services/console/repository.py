"""All SQL of the console: what waits, and how far behind the relay is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the relay is, in seconds and rows. `outbox_age` is that of what waits for the relay alone: commands
    wait in the outbox for those who do them.
    """

    outbox_rows: int
    outbox_age: float
    scheduled_overdue: float
    failed_jobs: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one organisation has before a queue: rows that wait in PostgreSQL, the age of the oldest in seconds, and messages
    that are under way, in the queue or being handled. `organisation_id` is None for what belongs to nobody.
    """

    queue: str
    organisation_id: UUID | None
    waiting: int
    oldest: float
    under_way: int


LOOK_BACK = "interval '30 minutes'"
"""Longer than any job may run: what was published before and has no outcome is for `bellhop repair`."""

_BACKLOG = text(f"""
WITH command AS (SELECT kind, queue FROM messaging.subscription WHERE NOT is_event AND until IS NULL),
waiting AS (
    SELECT coalesce(outbox.queue, command.queue, outbox.kind) AS queue, organisation_id, count(*) AS waiting,
           extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest, 0::bigint AS under_way
    FROM messaging.outbox LEFT JOIN command USING (kind)
    WHERE NOT (outbox.is_event AND outbox.queue IS NULL) GROUP BY 1, 2
), under_way AS (
    SELECT coalesce(published.queue, command.queue, published.kind) AS queue, published.organisation_id, 0::bigint, 0::float8,
           count(*)
    FROM messaging.published LEFT JOIN command USING (kind)
    WHERE published_at > clock_timestamp() - {LOOK_BACK} AND NOT (published.is_event AND published.queue IS NULL)
      AND NOT EXISTS (
        SELECT 1 FROM messaging.inbox WHERE inbox.message_id = published.message_id
          AND inbox.service = split_part(coalesce(published.queue, command.queue, published.kind), '.', 1)
          AND (inbox.status IN ('done', 'failed') OR inbox.turn > published.turn))
    GROUP BY 1, 2
)
SELECT queue, organisation_id, sum(waiting)::bigint, max(oldest), sum(under_way)::bigint
FROM (SELECT * FROM waiting UNION ALL SELECT * FROM under_way) AS found GROUP BY 1, 2 ORDER BY 3 DESC, 5 DESC, 1, 2
""")  # noqa: S608 - our constant
_LAG = text("""
SELECT (SELECT count(*) FROM messaging.outbox),
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM messaging.outbox
            WHERE is_event AND queue IS NULL),
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

    def backlogs(self) -> list[Backlog]:
        """What waits, and what is under way, by queue and organisation; the most first."""
        return [Backlog(*row) for row in self._session.execute(_BACKLOG)]

    def last_ticks(self) -> dict[str, datetime]:
        """When each schedule was published last, by name."""
        return {row.schedule: row.due_at for row in self._session.execute(_LAST_TICKS)}
