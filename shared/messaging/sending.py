"""One command into the outbox, from where there is a connection and no session: what chains and batches publish."""

from typing import Any
from uuid import UUID

from shared.contracts.message import Command
from shared.ids import new_id
from shared.messaging.causes import Cause, current_cause
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Connection


def send(connection: Connection, envelope: Envelope, *, limit: int | None = None) -> None:
    """Send a command if the connection's transaction commits. With a `limit`: raises MessageTooLargeError."""
    connection.execute(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body) VALUES (%s, %s, false, %s)",
        (envelope.message_id, envelope.kind, envelope.encode(limit=limit)),
    )


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
