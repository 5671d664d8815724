"""Messages that ended without success: written once, in the transaction that ends them, and kept until a person decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import orjson
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from shared.contracts.message import FailureNotice
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging import membership
from shared.messaging.causes import Cause
from shared.messaging.envelope import MAX_BODY_BYTES, Envelope, as_uuid, cause_of
from shared.messaging.inbox import Connection, lock
from shared.messaging.poison import clear_starts
from shared.messaging.sending import OutgoingRow, fairness_key, send, send_rows
from shared.texts import storable_json, storable_text

ERROR_LENGTH = 4_000
"""Characters of an error's text that are kept."""

_INSERT = """
INSERT INTO messaging.failed_job
    (id, service, kind, queue, message_id, turn, attempts, reason, error_type, error, body, headers,
     organisation_id, correlation_id)
VALUES (%(id)s, %(service)s, %(kind)s, %(queue)s, %(message_id)s, %(turn)s, %(attempts)s, %(reason)s, %(error_type)s,
        %(error)s, %(body)s, %(headers)s, %(organisation_id)s, %(correlation_id)s)
ON CONFLICT (id) DO NOTHING
"""
_END = """
INSERT INTO messaging.inbox AS inbox
    (message_id, service, kind, status, turn, attempts, correlation_id, causation_id, organisation_id)
VALUES (%s, %s, %s, 'failed', %s, %s, %s, %s, %s)
ON CONFLICT (message_id, service) DO UPDATE
    SET status = 'failed', turn = excluded.turn, attempts = excluded.attempts, finished_at = now()
    WHERE inbox.status NOT IN ('done', 'failed') AND inbox.turn <= excluded.turn
RETURNING 1
"""
_COLUMNS = """id, service, kind, queue, message_id, turn, attempts, reason, error_type, error, organisation_id,
    correlation_id, failed_at, resolved_at, resolution, resolution_note"""


class FailedJobNotFoundError(PermanentError):
    """No open failed job has this id. `bellhop failed list` shows those there are."""

    code = "failed_job_not_found"
    http_status = 404


class NotRetryableError(PermanentError):
    """A failed job whose body no consumer can take: it can be looked at and discarded."""

    code = "not_retryable"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Failure:
    """How a message ended. `message_id` is None where the body does not say."""

    service: str
    kind: str
    queue: str | None
    message_id: UUID | None
    turn: int
    attempts: int
    reason: str
    error_type: str | None
    error: str
    body: bytes
    fields: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] | None = None
    id: UUID | None = None

    @property
    def cause(self) -> Cause:
        return cause_of(self.options, self.message_id) if self.message_id else Cause()


def finish_failed(session: Session, failure: Failure, on_failure: str | None) -> bool:
    """As `finish_failed_on`, on a session's transaction."""
    session.info[PUBLISHED] = True
    return finish_failed_on(driver(session), failure, on_failure)


def finish_failed_on(connection: Connection, failure: Failure, on_failure: str | None) -> bool:
    """End a message as failed: its inbox row, the failed job, the notice that its actor asked for.

    Whoever ends a message calls this: its worker, the relay with a returned command or a dead letter. The caller's
    transaction holds the message's lock. Returns False, and writes nothing, if the message had already ended.
    """
    cause = failure.cause
    if failure.message_id is not None:
        caused_by = as_uuid(failure.options.get("causation_id"))
        parameters = (
            failure.message_id, failure.service, failure.kind, failure.turn, failure.attempts,
            cause.correlation_id, caused_by, cause.organisation_id,
        )  # fmt: skip
        if connection.execute(_END, parameters).fetchone() is None:
            return False
        clear_starts(connection, failure.service, failure.message_id)
    _insert(connection, failure, cause)
    if failure.message_id is not None and membership.belongs(failure.options):
        membership.failed(connection, failure.options, failure.message_id, failure.reason, _error_of(failure))
    if on_failure is not None and failure.message_id is not None:
        _publish_notice(connection, failure, on_failure)
    return True


def _error_of(failure: Failure) -> str:
    return storable_text(failure.error, ERROR_LENGTH)


def _insert(connection: Connection, failure: Failure, cause: Cause) -> None:
    connection.execute(
        _INSERT,
        {
            "id": failure.id or new_id(),
            "service": failure.service,
            "kind": storable_text(failure.kind, 200),
            "queue": None if failure.queue is None else storable_text(failure.queue, 255),
            "message_id": failure.message_id,
            "turn": failure.turn,
            "attempts": failure.attempts,
            "reason": failure.reason,
            "error_type": failure.error_type,
            "error": _error_of(failure),
            "body": failure.body,
            "headers": Jsonb(storable_json(failure.headers)) if failure.headers else None,
            "organisation_id": cause.organisation_id,
            "correlation_id": cause.correlation_id,
        },
    )


def _publish_notice(connection: Connection, failure: Failure, kind: str) -> None:
    """Write the actor's on_failure command to the outbox. Its id follows from the failed turn: it is one and the same
    however often the end is recorded.
    """
    assert failure.message_id is not None
    notice_id = uuid5(failure.message_id, f"{failure.service}:{failure.turn}:{kind}")
    fields = {
        "failed_kind": failure.kind,
        "failed_message_id": str(failure.message_id),
        "fields": storable_json(failure.fields) if len(failure.body) < MAX_BODY_BYTES // 2 else {},
        "reason": failure.reason,
        "error": _error_of(failure),
    }
    options = {"version": FailureNotice.version}
    send(connection, Envelope(kind, fields, notice_id, cause=failure.cause, options=options), limit=MAX_BODY_BYTES)


def list_failed(
    session: Session,
    *,
    service: str | None = None,
    kind: str | None = None,
    include_resolved: bool = False,
    limit: int = 100,
) -> Sequence[dict[str, Any]]:
    """Failed jobs, the newest first, without their bodies."""
    conditions = (
        "(%s::text IS NULL OR service = %s) AND (%s::text IS NULL OR kind = %s) AND (%s OR resolved_at IS NULL)"
    )
    statement = (
        f"SELECT {_COLUMNS} FROM messaging.failed_job WHERE {conditions} ORDER BY failed_at DESC, id DESC LIMIT %s"  # noqa: S608 - the column list is ours
    )
    with driver(session).cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, (service, service, kind, kind, include_resolved, limit)).fetchall()


def show_failed(session: Session, failed_id: UUID) -> dict[str, Any]:
    """One failed job with its body (decoded where it is JSON) and its attempts. Raises FailedJobNotFoundError."""
    with driver(session).cursor(row_factory=dict_row) as cursor:
        job = cursor.execute(
            f"SELECT {_COLUMNS}, body, headers FROM messaging.failed_job WHERE id = %s",  # noqa: S608 - the column list is ours
            (failed_id,),
        ).fetchone()
        if job is None:
            raise FailedJobNotFoundError(
                f"there is no failed job {failed_id}; `bellhop failed list` shows those there are"
            )
        job["attempts_log"] = cursor.execute(
            "SELECT turn, attempt, outcome, error_type, error, duration, ended_at, next_at FROM messaging.attempt "
            "WHERE message_id = %s AND service = %s ORDER BY id",
            (job["message_id"], job["service"]),
        ).fetchall()
    job["body"] = _readable(bytes(job["body"]))
    return job


def retry_failed(session: Session, failed_id: UUID) -> UUID:
    """Send a failed job to its consumer again, with a new turn and all its tries. Returns its message id.

    Raises FailedJobNotFoundError, NotRetryableError.
    """
    connection = driver(session)
    row = connection.execute(
        "SELECT service, kind, queue, message_id, turn, body, organisation_id, correlation_id FROM messaging.failed_job "
        "WHERE id = %s AND resolved_at IS NULL FOR UPDATE",
        (failed_id,),
    ).fetchone()
    if row is None:
        raise FailedJobNotFoundError(
            f"there is no open failed job {failed_id}; `bellhop failed list` shows those there are"
        )
    service, kind, queue, message_id, turn, body, organisation_id, correlation_id = row
    if not isinstance(message_id, UUID) or not isinstance(turn, int):
        raise NotRetryableError(f"{failed_id} is no message that a consumer can take: look at it, then discard it")
    lock(connection, str(service), message_id)
    connection.execute(
        "UPDATE messaging.inbox SET status = 'waiting', turn = %s, attempts = 0, exceptions = 0, finished_at = NULL "
        "WHERE message_id = %s AND service = %s AND status = 'failed'",
        (turn + 1, message_id, service),
    )
    options, again = orjson.loads(_as_bytes(body))["options"], with_turn(_as_bytes(body), turn + 1, by_hand=True)
    whose, journey = as_uuid(organisation_id), as_uuid(correlation_id)
    its_queue = None if queue is None else str(queue)
    key = fairness_key(options, whose)
    send_rows(connection, [OutgoingRow(message_id, str(kind), False, its_queue, again, turn + 1, key, whose, journey)])
    membership.retried(connection, options, message_id)
    _resolve(connection, failed_id, "retried", None)
    session.info[PUBLISHED] = True
    return message_id


def discard_failed(session: Session, failed_id: UUID, note: str | None = None) -> None:
    """Close a failed job without trying it again. It stays readable. Raises FailedJobNotFoundError."""
    if not _resolve(driver(session), failed_id, "discarded", note):
        raise FailedJobNotFoundError(
            f"there is no open failed job {failed_id}; `bellhop failed list` shows those there are"
        )


def _resolve(connection: Connection, failed_id: UUID, resolution: str, note: str | None) -> bool:
    updated = connection.execute(
        "UPDATE messaging.failed_job SET resolved_at = clock_timestamp(), resolution = %s, resolution_note = %s "
        "WHERE id = %s AND resolved_at IS NULL",
        (resolution, note, failed_id),
    )
    return updated.rowcount == 1


def with_turn(body: bytes, turn: int, *, by_hand: bool = False) -> bytes:
    """The same message at another turn. A member that is sent `by_hand` runs, also if its chain or batch was cancelled."""
    parsed = orjson.loads(body)
    parsed["options"]["turn"] = turn
    if by_hand and membership.belongs(parsed["options"]):
        parsed["options"][membership.BY_HAND] = True
    return orjson.dumps(parsed)


def _as_bytes(value: object) -> bytes:
    assert isinstance(value, bytes | memoryview)
    return bytes(value)


def _readable(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:ERROR_LENGTH].decode("utf-8", "backslashreplace")
