"""Rows of the outbox: the one place that writes them, whoever sends. What chains and batches publish has no session."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

from shared.contracts.message import Command
from shared.database.session import note_outbox_ids
from shared.ids import new_id
from shared.messaging.causes import Cause, current_cause
from shared.messaging.envelope import Envelope, as_uuid
from shared.messaging.inbox import Connection

NOBODY = UUID(int=0)
"""The fairness key of what belongs to no organisation: one more that waits its turn, beside the others."""

_COLUMNS = "message_id, kind, is_event, queue, body, turn, fairness_key, organisation_id, correlation_id"
_INSERT_ONE = f"INSERT INTO messaging.outbox ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"  # noqa: S608 - our column list
_INSERT = f"""
INSERT INTO messaging.outbox ({_COLUMNS})
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::boolean[], %s::text[], %s::bytea[], %s::bigint[], %s::uuid[], %s::uuid[],
                     %s::uuid[])
RETURNING id
"""  # noqa: S608 - our column list


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A message as it stands in the outbox. `queue` is set where it goes to one known queue."""

    message_id: UUID
    kind: str
    is_event: bool
    queue: str | None
    body: bytes
    turn: int
    fairness_key: UUID
    organisation_id: UUID | None
    correlation_id: UUID | None


def outgoing(envelope: Envelope, *, is_event: bool = False, limit: int | None = None) -> OutgoingRow:
    """The row of a first publication. With a `limit`: raises MessageTooLargeError."""
    cause = envelope.cause
    return OutgoingRow(
        envelope.message_id, envelope.kind, is_event, None, envelope.encode(limit=limit), envelope.turn,
        fairness_key(envelope.options, cause.organisation_id), cause.organisation_id, cause.correlation_id,
    )  # fmt: skip


def fairness_key(options: Any, organisation_id: UUID | None) -> UUID:
    """By what a message takes its turn: the key that its options name, else its organisation."""
    named = as_uuid(options.get("fairness_key")) if options else None
    return named or organisation_id or NOBODY


def send_rows(connection: Connection, rows: Sequence[OutgoingRow]) -> None:
    """Send if the connection's transaction commits, all in one statement."""
    if len(rows) == 1:
        written = connection.execute(_INSERT_ONE, astuple(rows[0]), prepare=True)
    elif rows:
        written = connection.execute(_INSERT, tuple(map(list, zip(*map(astuple, rows), strict=True))), prepare=True)
    else:
        return
    note_outbox_ids(connection, [int(row[0]) for row in written])


def send(connection: Connection, envelope: Envelope, *, limit: int | None = None) -> None:
    """Send a command if the connection's transaction commits. With a `limit`: raises MessageTooLargeError."""
    send_rows(connection, [outgoing(envelope, limit=limit)])


def send_later_known(
    connection: Connection, command: dict[str, Any], correlation_id: UUID | None, organisation_id: UUID | None
) -> None:
    """Send a command that was kept as JSON (`kept`), as part of the journey in which it was kept."""
    now = current_cause()
    cause = Cause(correlation_id, now.causation_id, organisation_id, now.traceparent)
    options = {"version": command["version"]}
    send(connection, Envelope(command["kind"], command["fields"], new_id(), cause=cause, options=options))


def kept(command: Command) -> dict[str, Any]:
    """A command as JSON, to be sent later. Raises MessageTooLargeError if it could not be."""
    fields = command.model_dump(mode="json")
    somebody = new_id()
    cause = Cause(somebody, somebody, somebody)
    Envelope(command.kind, fields, somebody, cause=cause, options={"version": command.version}).encode()
    return {"kind": command.kind, "version": command.version, "fields": fields}
