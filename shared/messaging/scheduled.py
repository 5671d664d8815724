"""Messages that are due later: seen, cancelled, moved, run now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.messaging import membership
from shared.messaging.failed_jobs import Failure, finish_failed
from shared.messaging.inbox import Connection, lock

_COLUMNS = (
    "id, message_id, kind, queue, turn, due_at, reason, organisation_id, correlation_id, created_at, debounce_key"
)

_TAKE = """
DELETE FROM messaging.scheduled WHERE id = %s RETURNING message_id, kind, queue, turn, reason, due_at, body
"""
_NUMBER = "SELECT id FROM messaging.scheduled WHERE message_id = %s ORDER BY id LIMIT 1 FOR UPDATE"
_ATTEMPTS = "SELECT attempts FROM messaging.inbox WHERE service = %s AND message_id = %s"
_ON_FAILURE = "SELECT on_failure FROM messaging.subscription WHERE service = %s AND kind = %s"

CANCELLED = "cancelled"
"""The reason of a failed job whose next turn was cancelled."""


class ScheduledMessageNotFoundError(PermanentError):
    """No scheduled message has this id: it was sent, cancelled, or never there."""

    code = "scheduled_message_not_found"
    http_status = 404


def list_scheduled(session: Session, *, kind: str | None = None, limit: int = 100) -> Sequence[dict[str, Any]]:
    """What is due later, the soonest first."""
    with driver(session).cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM messaging.scheduled WHERE %s::text IS NULL OR kind = %s ORDER BY due_at, id LIMIT %s",  # noqa: S608 - our column list
            (kind, kind, limit),
        ).fetchall()


def show_scheduled(session: Session, scheduled_id: int) -> dict[str, Any]:
    """One of them. Raises ScheduledMessageNotFoundError."""
    with driver(session).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM messaging.scheduled WHERE id = %s",  # noqa: S608 - our column list
            (scheduled_id,),
        ).fetchone()
    if row is None:
        raise _missing(scheduled_id)
    return row


def move_scheduled(session: Session, scheduled_id: int, due_at: datetime) -> None:
    """Make it due at another, aware moment. Raises ScheduledMessageNotFoundError."""
    if due_at.tzinfo is None:
        raise ValueError("due times are aware")
    _one_row(session, scheduled_id, "UPDATE messaging.scheduled SET due_at = %s WHERE id = %s", (due_at, scheduled_id))
    session.info[PUBLISHED] = True


def run_scheduled_now(session: Session, scheduled_id: int) -> None:
    """Make it due now. Raises ScheduledMessageNotFoundError."""
    statement = "UPDATE messaging.scheduled SET due_at = clock_timestamp() WHERE id = %s"
    _one_row(session, scheduled_id, statement, (scheduled_id,))
    session.info[PUBLISHED] = True


def cancel_scheduled(session: Session, scheduled_id: int) -> UUID:
    """Take it back. Returns its message id. Raises ScheduledMessageNotFoundError.

    One that nobody has heard of yet is gone, and its unique key is free. A retry or a snooze ends its message as a failed
    job with the reason `cancelled`: its notice is published, its chain fails, its batch counts it, and it can be retried.
    """
    with driver(session).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_TAKE, (scheduled_id,)).fetchone()
    if row is None:
        raise _missing(scheduled_id)
    message: dict[str, Any] = orjson.loads(row["body"])
    if row["queue"] is not None:
        _end(session, row, message)
    elif membership.belongs(message["options"]):
        membership.failed(driver(session), message["options"], row["message_id"], CANCELLED, _told(row))
    session.info[PUBLISHED] = True
    return UUID(str(row["message_id"]))


def cancel_message(session: Session, message_id: UUID) -> bool:
    """Take back the message with this id, as `cancel_scheduled` does, if it still waits for its time. Whether it did."""
    row = driver(session).execute(_NUMBER, (message_id,)).fetchone()
    if row is None:
        return False
    cancel_scheduled(session, int(str(row[0])))
    return True


def _end(session: Session, row: Mapping[str, Any], message: Mapping[str, Any]) -> None:
    """The message has a consumer, of which this was the next turn: it ends there as by any final failure."""
    connection, service = driver(session), row["queue"].partition(".")[0]
    lock(connection, service, row["message_id"])
    failure = Failure(
        service=service,
        kind=row["kind"],
        queue=row["queue"],
        message_id=row["message_id"],
        turn=row["turn"],
        attempts=_value(connection, _ATTEMPTS, (service, row["message_id"])) or 0,
        reason=CANCELLED,
        error_type=CANCELLED,
        error=_told(row),
        body=row["body"],
        fields=message["kwargs"],
        options=message["options"],
    )
    finish_failed(session, failure, _value(connection, _ON_FAILURE, (service, row["kind"])))


def _told(row: Mapping[str, Any]) -> str:
    return f"its {row['reason']}, due at {row['due_at'].isoformat()}, was cancelled"


def _value(connection: Connection, statement: str, parameters: tuple[Any, ...]) -> Any:
    row = connection.execute(statement.encode(), parameters).fetchone()
    return None if row is None else row[0]


def _one_row(session: Session, scheduled_id: int, statement: str, parameters: tuple[Any, ...]) -> None:
    if not driver(session).execute(statement.encode(), parameters).rowcount:
        raise _missing(scheduled_id)


def _missing(scheduled_id: int) -> ScheduledMessageNotFoundError:
    return ScheduledMessageNotFoundError(
        f"no message waits under number {scheduled_id}; `bellhop scheduled list` shows those that do"
    )
