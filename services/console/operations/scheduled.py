"""Messages that wait for their time."""

from collections.abc import Sequence

import orjson

from services.console.errors import ScheduledMessageNotFoundError
from services.console.operations.database import transaction
from services.console.repository import Messages, ScheduledMessage
from services.console.settings import ConsoleSettings
from shared.database.session import driver
from shared.messaging.failed_jobs import Failure, finish_failed
from shared.messaging.inbox import lock
from shared.messaging.outbox import Session

CANCELLED = "cancelled"


def list_scheduled(settings: ConsoleSettings, kind: str | None, limit: int) -> Sequence[ScheduledMessage]:
    """What waits, the next one first."""
    with transaction(settings) as session:
        return Messages(session).scheduled(kind, limit)


def cancel(settings: ConsoleSettings, row_id: int) -> ScheduledMessage:
    """Take a waiting message away. Raises ScheduledMessageNotFoundError.

    One that was never delivered is gone. A retry or a snooze ends its message as a failed job with the reason
    `cancelled`: what its actor asked for on failure happens, and it can be retried.
    """
    with transaction(settings) as session:
        taken = Messages(session).take_scheduled(row_id)
        if taken is None:
            raise ScheduledMessageNotFoundError(
                f"no message waits under number {row_id}; `bellhop scheduled list` shows those that do"
            )
        message, body = taken
        if message.queue is not None:
            _end(session, message, message.queue, body)
        return message


def _end(session: Session, message: ScheduledMessage, queue: str, body: bytes) -> None:
    service = queue.partition(".")[0]
    parsed = orjson.loads(body)
    messages = Messages(session)
    lock(driver(session), service, message.message_id)
    failure = Failure(
        service=service,
        kind=message.kind,
        queue=queue,
        message_id=message.message_id,
        turn=message.turn,
        attempts=messages.attempts(service, message.message_id),
        reason=CANCELLED,
        error_type=CANCELLED,
        error=f"an operator cancelled its {message.reason}, due at {message.due_at.isoformat()}",
        body=body,
        fields=parsed["kwargs"],
        options=parsed["options"],
    )
    finish_failed(session, failure, messages.on_failure(service, message.kind))
