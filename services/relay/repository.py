"""All SQL of the relay. Every function works on the caller's connection and transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from shared.messaging.sending import NOBODY

Connection = psycopg.Connection[Any]

FIRST_REFUSAL_SECONDS = 10
LONGEST_REFUSAL_SECONDS = 300


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row to publish. `queue` is set where it goes to one known queue; `tenant` is its organisation, or its key where it
    has none.
    """

    id: int
    message_id: UUID
    kind: str
    is_event: bool
    queue: str | None
    body: bytes
    turn: int = 1
    tenant: UUID = NOBODY


_ROW = "id, message_id, kind, is_event, queue, body, turn, coalesce(organisation_id, fairness_key)"
_CLAIM_REFUSED = f"""
SELECT {_ROW} FROM messaging.outbox
WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY kind, queue ORDER BY not_before, id) AS place FROM messaging.outbox
        WHERE not_before <= clock_timestamp()
    ) AS waiting WHERE place <= %s
) FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our column list
_SET_FREE = """
UPDATE messaging.outbox SET not_before = NULL, refusals = 0
WHERE id IN (
    SELECT id FROM messaging.outbox
    WHERE not_before IS NOT NULL AND (kind, coalesce(queue, '')) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
    FOR UPDATE SKIP LOCKED
) RETURNING id
"""
_REFUSE = """
UPDATE messaging.outbox
SET not_before = clock_timestamp() + make_interval(secs => least(%s * 2 ^ least(refusals, 10), %s)), refusals = refusals + 1
WHERE id = ANY(%s)
"""
_WAITING = """
SELECT destination, count(*), extract(epoch FROM clock_timestamp() - min(created_at))::float8
FROM messaging.outbox GROUP BY destination
"""
_LAG = """
SELECT (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)::float8 FROM messaging.scheduled
            WHERE due_at <= clock_timestamp()),
       (SELECT count(*) FROM messaging.failed_job WHERE resolved_at IS NULL)
"""


def claim_refused(connection: Connection, limit: int) -> list[OutboxRow]:
    """Rows whose last publish was not confirmed and whose wait is over: so many of each kind and queue, so that a queue
    that does not answer keeps no other one waiting, however much there is for it.
    """
    return [OutboxRow(*row) for row in connection.execute(_CLAIM_REFUSED, (limit,), binary=True)]


def set_free(connection: Connection, rows: Sequence[OutboxRow]) -> list[int]:
    """What waits beside these rows, for the same destinations, is fresh again: they do answer. Returns their ids."""
    pairs = sorted({(row.kind, row.queue or "") for row in rows})
    freed = connection.execute(_SET_FREE, ([kind for kind, _ in pairs], [queue for _, queue in pairs]))
    return [row[0] for row in freed]


def refuse(connection: Connection, ids: Sequence[int]) -> None:
    """Put rows off: 10 s at first, doubling to 5 min."""
    connection.execute(_REFUSE, (FIRST_REFUSAL_SECONDS, LONGEST_REFUSAL_SECONDS, list(ids)))


def set_aside(connection: Connection, ids: Sequence[int]) -> None:
    """Hand rows of a destination that does not answer to the lane for those, at once."""
    connection.execute("UPDATE messaging.outbox SET not_before = clock_timestamp() WHERE id = ANY(%s)", (list(ids),))


class Backlog(NamedTuple):
    """Rows that wait for a destination, and the age of the oldest in s."""

    rows: int
    age: float


@dataclass(frozen=True, slots=True)
class Lag:
    """What waits, by destination; how late the most overdue schedule is in s; open failed jobs."""

    waiting: Mapping[str, Backlog]
    overdue: float
    failed: int


def lag(connection: Connection) -> Lag:
    """Counts everything: not for a path that anybody waits for."""
    waiting = {row[0]: Backlog(row[1], row[2]) for row in connection.execute(_WAITING)}
    row = connection.execute(_LAG).fetchone()
    assert row is not None
    return Lag(waiting, float(row[0] or 0), int(row[1]))
