"""Where a message stands, at each service that hears it: dispatched, queued, running, retrying, done, failed, dead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from shared.database.session import driver
from shared.errors import PermanentError

_WHERE = {
    "outbox": "SELECT kind, is_event, queue, turn, created_at, not_before FROM messaging.outbox WHERE message_id = %s",
    "scheduled": "SELECT kind, is_event, queue, turn, created_at, due_at, reason FROM messaging.scheduled WHERE message_id = %s",
    "published": (
        "SELECT kind, is_event, queue, turn, created_at, published_at FROM messaging.published WHERE message_id = %s"
        " ORDER BY published_at DESC LIMIT 100"
    ),
    "inbox": "SELECT service, kind, status, turn, attempts, started_at, finished_at FROM messaging.inbox WHERE message_id = %s",
    "running": "SELECT service, kind, since FROM messaging.running WHERE message_id = %s"
    " AND seen_at > clock_timestamp() - interval '10 seconds'",
    "failed_job": "SELECT service, kind, id, reason, resolved_at FROM messaging.failed_job WHERE message_id = %s",
}
_SENT = ("published", "outbox", "scheduled")
_HEARD = "SELECT service, queue FROM messaging.subscription WHERE kind = ANY(%s) AND until IS NULL"


class MessageNotFoundError(PermanentError):
    """No table knows a message with this id: it never was, or it is done and older than what is kept."""

    code = "message_not_found"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Job:
    """A message at one service. `where` says in words where it is now; times are None where they are not known.

    `wait` is how long it waited from its commit to its first try, `duration` how long it took from there, or takes so far:
    in seconds, true to 10 ms.
    """

    message_id: UUID
    service: str | None
    kind: str
    state: str
    where: str
    turn: int
    attempts: int
    created_at: datetime | None
    published_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    due_at: datetime | None
    wait: float | None
    duration: float | None


Rows = Sequence[Mapping[str, Any]]


def show_jobs(session: Session, message_id: UUID) -> list[Job]:
    """One for each service that has heard the message or is to hear it. Raises MessageNotFoundError.

    The outbox has no index on it: it is looked through, which takes some tenths of a second for a million rows.
    """
    with driver(session).cursor(row_factory=dict_row) as cursor:
        found: dict[str, Rows] = {
            table: cursor.execute(query.encode(), (message_id,)).fetchall() for table, query in _WHERE.items()
        }
        now = cursor.execute("SELECT clock_timestamp() AS now").fetchall()[0]["now"]
        kinds = sorted({row["kind"] for rows in found.values() for row in rows})
        heard = {row["service"]: row["queue"] for row in cursor.execute(_HEARD, (kinds,)).fetchall()}
    if not kinds:
        raise MessageNotFoundError(f"no message {message_id} is known: it never was, or it is done and no longer kept")
    services = {row["service"] for table in ("inbox", "running", "failed_job") for row in found[table]} | set(heard)
    return [
        _job(message_id, kinds[0], service, heard.get(service), found, now) for service in sorted(services) or [None]
    ]


def _job(
    message_id: UUID, kind: str, service: str | None, queue: str | None, found: Mapping[str, Rows], now: datetime
) -> Job:
    """What the tables say of one service: rows without a queue are for every one that hears the kind."""
    mine = {
        table: [row for row in rows if row.get("service", service) == service and _is_for(service, row.get("queue"))]
        for table, rows in found.items()
    }
    first = {table: rows[0] if rows else {} for table, rows in mine.items()}
    inbox, sent = first["inbox"], first["published"]
    state, where = _state(mine, queue)
    created_at = min((row["created_at"] for name in _SENT for row in mine[name]), default=None)
    started_at = first["running"].get("since") or inbox.get("started_at")
    finished_at = inbox.get("finished_at")
    until = finished_at or (now if state == "running" else None)
    return Job(
        message_id,
        service,
        kind,
        state,
        where,
        max((row["turn"] for table in ("inbox", "published", "outbox", "scheduled") for row in mine[table]), default=1),
        inbox.get("attempts", 0),
        created_at,
        sent.get("published_at"),
        started_at,
        finished_at,
        first["scheduled"].get("due_at"),
        _seconds(created_at, started_at),
        _seconds(started_at, until),
    )


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else round(max(0.0, (end - begin).total_seconds()), 3)


def _state(mine: Mapping[str, Rows], queue: str | None) -> tuple[str, str]:
    inbox = mine["inbox"][0] if mine["inbox"] else {}
    status = inbox.get("status")
    if status == "done":
        return "done", "nowhere: it is done"
    if status == "failed":
        return _failed(mine["failed_job"])
    if mine["running"] or status == "calling":
        return "running", f"in a worker, from queue {queue}"
    return _waiting(mine, queue, "retrying" if inbox else "dispatched")


def _failed(jobs: Rows) -> tuple[str, str]:
    for job in jobs:
        if job["resolved_at"] is None:
            return "dead", f"failed job {job['id']}: {job['reason']}"
    return "failed", "nowhere: it has failed, and somebody has dealt with it"


def _waiting(mine: Mapping[str, Rows], queue: str | None, state: str) -> tuple[str, str]:
    for row in mine["scheduled"]:
        return state, f"scheduled for {row['due_at'].isoformat()}: {row['reason']}"
    if mine["outbox"]:
        return state, "in the outbox"
    if mine["published"]:
        return "queued", f"in queue {queue}" if queue else "nowhere: nobody hears it"
    return "unknown", "in no table that says where"


def _is_for(service: str | None, queue: str | None) -> bool:
    return queue is None or service is None or queue.partition(".")[0] == service
