"""Messages that the relay itself has to end: returned commands and dead letters. Their end is written by the same
`finish_failed` as a worker's.
"""

from typing import Any
from uuid import UUID

import structlog

from services.relay.repository import Connection, OutboxRow
from services.relay.routes import Routes
from shared.messaging.envelope import MalformedEnvelopeError, as_uuid, decode_fields
from shared.messaging.failed_jobs import Failure, finish_failed_on
from shared.messaging.inbox import lock

log = structlog.get_logger("bellhop.relay")


def end_returned(connection: Connection, row: OutboxRow, routes: Routes) -> None:
    """A command that no queue takes ends as a failed job: nobody would ever hear it."""
    parsed = decode_fields(row.body)
    queue = row.queue or (consumer.queue if (consumer := routes.consumer(None, row.kind)) else None)
    error = (
        f"no service consumes {queue} any more: deploy the one that did, run `bellhop migrate`, then retry this job"
        if queue
        else f"no service hears {row.kind}: deploy the service that does (BELLHOP_SERVICES), run `bellhop migrate`, then retry"
    )
    end(connection, routes, Fate(queue, "unroutable", error, row.body, parsed))


class Fate:
    """How a message ended that no handler could end. `parsed` is its envelope, None where it has none."""

    def __init__(
        self,
        queue: str | None,
        reason: str,
        error: str,
        body: bytes,
        parsed: dict[str, Any] | None,
        headers: dict[str, Any] | None = None,
        failed_id: UUID | None = None,
    ) -> None:
        self.queue, self.reason, self.error, self.body = queue, reason, error, body
        self.parsed, self.headers, self.failed_id = parsed, headers, failed_id


def end(connection: Connection, routes: Routes, fate: Fate) -> bool:
    """Record the end of a message in the caller's transaction. False if it had ended before."""
    parsed = fate.parsed or {}
    kind = str(parsed.get("actor_name", "unknown"))
    consumer = routes.consumer(fate.queue, kind)
    service = consumer.service if consumer else (fate.queue or kind).partition(".")[0]
    message_id = as_uuid(parsed.get("message_id"))
    options = parsed.get("options", {})
    turn = options.get("turn", 1)
    if message_id is not None:
        lock(connection, service, message_id)
    failure = Failure(
        service=service,
        kind=kind,
        queue=fate.queue,
        message_id=message_id,
        turn=turn if type(turn) is int and 1 <= turn < 2**31 else 1,
        attempts=0,
        reason=fate.reason,
        error_type=fate.reason,
        error=fate.error,
        body=fate.body,
        fields=parsed.get("kwargs", {}),
        options=options,
        headers=fate.headers,
        id=fate.failed_id,
    )
    ended = finish_failed_on(connection, failure, consumer.on_failure if consumer else None)
    log.error(
        "message ended as failed job", reason=fate.reason, error=fate.error, kind=kind, queue=fate.queue, new=ended
    )
    return ended


def parse(body: bytes) -> tuple[dict[str, Any] | None, str]:
    """(the envelope, "") or (None, why it is none)."""
    try:
        return decode_fields(body), ""
    except MalformedEnvelopeError as error:
        return None, str(error)
