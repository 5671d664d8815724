"""Messages that wait for their time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from services.console.operations.database import transaction
from services.console.settings import ConsoleSettings
from shared.messaging import scheduled


@dataclass(frozen=True, slots=True)
class ScheduledMessage:
    """A message that is due later. `reason` is due (sent with a delay), debounced, retry, snoozed or held; `queue` is set
    for those that have come to a consumer before.
    """

    id: int
    kind: str
    reason: str
    due_at: datetime
    queue: str | None
    turn: int
    message_id: UUID
    organisation_id: UUID | None
    correlation_id: UUID | None


def list_scheduled(settings: ConsoleSettings, kind: str | None, limit: int) -> Sequence[ScheduledMessage]:
    """What waits, the next one first."""
    with transaction(settings) as session:
        return [_shown(row) for row in scheduled.list_scheduled(session, kind=kind, limit=limit)]


def cancel(settings: ConsoleSettings, row_id: int) -> ScheduledMessage:
    """Take a waiting message away. Raises ScheduledMessageNotFoundError.

    One that was never delivered is gone. A retry or a snooze ends its message as a failed job with the reason
    `cancelled`: what its actor asked for on failure happens, and it can be retried.
    """
    with transaction(settings) as session:
        shown = _shown(scheduled.show_scheduled(session, row_id))
        scheduled.cancel_scheduled(session, row_id)
        return shown


def move(settings: ConsoleSettings, row_id: int, due_at: datetime) -> ScheduledMessage:
    """Let it wait for another, aware moment. Raises ScheduledMessageNotFoundError."""
    with transaction(settings) as session:
        scheduled.move_scheduled(session, row_id, due_at)
        return _shown(scheduled.show_scheduled(session, row_id))


def run_now(settings: ConsoleSettings, row_id: int) -> ScheduledMessage:
    """Let it wait no longer. Raises ScheduledMessageNotFoundError."""
    with transaction(settings) as session:
        scheduled.run_scheduled_now(session, row_id)
        return _shown(scheduled.show_scheduled(session, row_id))


def _shown(row: Mapping[str, Any]) -> ScheduledMessage:
    return ScheduledMessage(**{field.name: row[field.name] for field in fields(ScheduledMessage)})
