"""The only way to send: a row in the caller's transaction, which the relay carries to RabbitMQ after the commit."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from shared.clock import now
from shared.contracts.message import Contract, Event
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.causes import Cause, current_cause
from shared.messaging.envelope import MAX_BODY_BYTES, Envelope
from shared.messaging.inbox import Connection
from shared.messaging.sending import OutgoingRow, outgoing, send_rows
from shared.messaging.unique import Debounce, InvalidKeyError, Unique, scoped, take_key

__all__ = ["Session", "publish", "publish_all"]

_SCHEDULE = """
INSERT INTO messaging.scheduled
    (message_id, kind, is_event, turn, body, due_at, reason, fairness_key, organisation_id, correlation_id)
VALUES (%s, %s, %s, 1, %s, coalesce(%s, clock_timestamp() + %s), 'due', %s, %s, %s)
"""
_DEBOUNCE = """
INSERT INTO messaging.scheduled AS first
    (message_id, kind, is_event, turn, body, due_at, reason, fairness_key, organisation_id, correlation_id, debounce_key,
     latest_at)
VALUES (%s, %s, %s, 1, %s, clock_timestamp() + %s, 'debounced', %s, %s, %s, %s, clock_timestamp() + %s)
ON CONFLICT (debounce_key) WHERE debounce_key IS NOT NULL DO UPDATE SET
    message_id = excluded.message_id, body = excluded.body, due_at = least(excluded.due_at, first.latest_at),
    fairness_key = excluded.fairness_key, organisation_id = excluded.organisation_id,
    correlation_id = excluded.correlation_id
"""


PAST_TOLERANCE = timedelta(seconds=60)
"""A due time that is past by no more than this is a clock that differs, or a commit that took long: it is sent at once."""


class InvalidDueTimeError(PermanentError):
    """A due time is in the past, negative, or has no time zone."""

    code = "invalid_due_time"


def publish(
    session: Session,
    message: Contract,
    *,
    due: datetime | timedelta | None = None,
    organisation_id: UUID | None = None,
    fairness_key: UUID | None = None,
    tags: Iterable[str] = (),
    unique: Unique | None = None,
    debounce: Debounce | None = None,
) -> UUID:
    """Send `message` if, and only if, the session's transaction commits. Returns the message's id.

    `due` puts it off: a delay, or an aware moment. With `unique` the id may be that of the message that has the key
    already; nothing is sent then. With `debounce` only the last message of its key is sent. The journey (correlation,
    causation, organisation) is that of the message or request being handled. What waits for the same queue takes turns
    by organisation, of which none has more than its share under way; what one of them has waiting takes turns by
    `fairness_key` (an endpoint, say). Raises MessageTooLargeError, InvalidDueTimeError, InvalidKeyError.
    """
    options: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if fairness_key is not None:
        options["fairness_key"] = str(fairness_key)
    if unique is not None:
        options["unique"] = unique.option(message.kind)
    envelope = _envelope(message, organisation_id, options)
    if debounce is not None:
        return _debounced(session, message, envelope, debounce, due, unique)
    # All that can be refused is refused before the key is taken: the caller may go on with its transaction.
    row, later = _row(envelope, message), None if due is None else _due(due)
    connection = driver(session)
    if unique is not None:
        holder = _take_key(connection, unique, message, envelope.message_id)
        if holder != envelope.message_id:
            return holder
    if later is None:
        send_rows(connection, [row])
    else:
        whose = (row.fairness_key, row.organisation_id, row.correlation_id)
        connection.execute(_SCHEDULE, (row.message_id, row.kind, row.is_event, row.body, *later, *whose))
    session.info[PUBLISHED] = True
    return envelope.message_id


def _take_key(connection: Connection, unique: Unique, message: Contract, message_id: UUID) -> UUID:
    if isinstance(message, Event) and not isinstance(unique.until, timedelta):
        raise InvalidKeyError(
            f"{message.kind} is an event: many may hear it, or nobody, so nobody frees its key; make it unique for a time"
        )
    return take_key(connection, unique, message.kind, message_id)


def _debounced(
    session: Session,
    message: Contract,
    envelope: Envelope,
    debounce: Debounce,
    due: datetime | timedelta | None,
    unique: Unique | None,
) -> UUID:
    if due is not None or unique is not None:
        raise InvalidKeyError("a debounced message has its own time and key: leave due and unique out")
    wait = timedelta(seconds=debounce.wait)
    latest = timedelta(seconds=debounce.max_wait) if debounce.max_wait is not None else None
    row = _row(envelope, message)
    driver(session).execute(
        _DEBOUNCE,
        (
            row.message_id, row.kind, row.is_event, row.body, wait, row.fairness_key, row.organisation_id,
            row.correlation_id, scoped(message.kind, debounce.key), latest,
        ),
    )  # fmt: skip
    session.info[PUBLISHED] = True
    return envelope.message_id


def publish_all(
    session: Session,
    messages: Iterable[Contract],
    *,
    organisation_id: UUID | None = None,
    fairness_key: UUID | None = None,
) -> list[UUID]:
    """Send many in one statement, as `publish` does each. Returns their ids in the same order."""
    options = {} if fairness_key is None else {"fairness_key": str(fairness_key)}
    rows = [_row(_envelope(message, organisation_id, options), message) for message in messages]
    if rows:
        send_rows(driver(session), rows)
        session.info[PUBLISHED] = True
    return [row.message_id for row in rows]


def _row(envelope: Envelope, message: Contract) -> OutgoingRow:
    return outgoing(envelope, is_event=isinstance(message, Event), limit=MAX_BODY_BYTES)


def _envelope(message: Contract, organisation_id: UUID | None, options: Mapping[str, Any]) -> Envelope:
    cause, message_id = current_cause(), new_id()
    cause = Cause(
        correlation_id=cause.correlation_id or message_id,
        causation_id=cause.causation_id,
        organisation_id=organisation_id or cause.organisation_id,
        traceparent=cause.traceparent,
    )
    fields = message.model_dump(mode="json")
    return Envelope(message.kind, fields, message_id, cause=cause, options={**options, "version": message.version})


def _due(due: datetime | timedelta) -> tuple[datetime | None, timedelta | None]:
    if isinstance(due, timedelta):
        if due < timedelta(0):
            raise InvalidDueTimeError(f"a delay of {due} is negative: leave `due` out to send at once")
        return None, due
    if not isinstance(due, datetime):
        raise InvalidDueTimeError(f"due is a timedelta or an aware datetime, not {due!r}")
    if due.tzinfo is None:
        raise InvalidDueTimeError(f"{due} has no time zone: due times are aware")
    if due < now() - PAST_TOLERANCE:
        raise InvalidDueTimeError(f"{due} is past: leave `due` out to send at once")
    return due, None
