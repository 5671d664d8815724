"""Messages that are due later: seen, cancelled, moved, run now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.messaging import membership
from shared.messaging.inbox import Connection

_COLUMNS = (
    "id, message_id, kind, queue, turn, due_at, reason, organisation_id, correlation_id, created_at, debounce_key"
)


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

    Whatever the message belongs to is told that it ended: its chain fails, its batch counts it as failed, its unique
    key is free.
    """
    connection = driver(session)
    row = connection.execute(
        "DELETE FROM messaging.scheduled WHERE id = %s RETURNING message_id, body", (scheduled_id,)
    ).fetchone()
    if row is None:
        raise _missing(scheduled_id)
    message_id = UUID(str(row[0]))
    assert isinstance(row[1], bytes)
    _end(connection, message_id, row[1])
    session.info[PUBLISHED] = True
    return message_id


def _end(connection: Connection, message_id: UUID, body: bytes) -> None:
    connection.execute(
        "UPDATE messaging.inbox SET status = 'failed', finished_at = now() "
        "WHERE message_id = %s AND status IN ('waiting', 'calling')",
        (message_id,),
    )
    options = orjson.loads(body)["options"]
    if membership.belongs(options):
        membership.failed(connection, options, message_id, "cancelled", "the scheduled message was cancelled")


def _one_row(session: Session, scheduled_id: int, statement: str, parameters: tuple[Any, ...]) -> None:
    if not driver(session).execute(statement.encode(), parameters).rowcount:
        raise _missing(scheduled_id)


def _missing(scheduled_id: int) -> ScheduledMessageNotFoundError:
    return ScheduledMessageNotFoundError(
        f"there is no scheduled message {scheduled_id}; `bellhop scheduled list` shows those there are"
    )
