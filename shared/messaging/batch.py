"""Batches: many members, counted truly, with callbacks that come exactly once.

A member counts in the transaction that ends it, so a redelivery never counts twice. The counters are split over shards,
chosen by the member's id, so that they are no hot spot; a shard that runs out of pending members looks, under the batch
row's lock, whether it was the last: of two that end at the same time, the second to get the lock sees the first.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.causes import Cause, current_cause
from shared.messaging.chain import Chain, check_heard, publish_chain
from shared.messaging.envelope import Envelope
from shared.messaging.inbox import Connection

SHARDS = 64


class InvalidBatchError(PermanentError):
    """A batch is empty, is not there, or has ended."""

    code = "invalid_batch"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Batch:
    """Members run in any order. `then` is published if all are done, `catch` at the first final failure, `finally_` when
    all have ended. Unless `allow_failures`, the first failure cancels the members that have not started.

    A member is a command, a chain, or a batch.
    """

    name: str
    members: "Sequence[Command | Chain | Batch]"
    then: Command | None = None
    catch: Command | None = None
    finally_: Command | None = None
    allow_failures: bool = False

    def __post_init__(self) -> None:
        if not self.members:
            raise InvalidBatchError(
                f"the batch {self.name!r} is empty: there is nothing that its callbacks could follow"
            )


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as it stands. `progress` is the percentage of members that have ended, 0 to 100."""

    id: UUID
    name: str
    state: str
    total: int
    pending: int
    done: int
    failed: int
    cancelled: int

    @property
    def progress(self) -> int:
        return 100 * (self.total - self.pending) // self.total if self.total else 100


def publish_batch(session: Session, batch: Batch, *, parent_id: UUID | None = None) -> UUID:
    """Start a batch in the session's transaction. Returns its id. Raises InvalidBatchError, InvalidChainError."""
    connection, batch_id, cause = driver(session), new_id(), current_cause()
    callbacks = {"then": batch.then, "catch": batch.catch, "finally": batch.finally_}
    check_heard(connection, sorted({one.kind for one in callbacks.values() if one is not None}))
    connection.execute(
        "INSERT INTO messaging.batch (id, name, state, allow_failures, callbacks, parent_id, organisation_id, "
        "correlation_id, causation_id) VALUES (%s, %s, 'running', %s, %s, %s, %s, %s, %s)",
        (
            batch_id, batch.name, batch.allow_failures, Jsonb({name: _callback(one) for name, one in callbacks.items()}),
            parent_id, cause.organisation_id, cause.correlation_id or batch_id, cause.causation_id,
        ),
    )  # fmt: skip
    _add(session, batch_id, batch.members)
    return batch_id


def add_to_batch(session: Session, batch_id: UUID, members: Sequence[Command | Chain | Batch]) -> None:
    """Add members while it runs: from outside, or from within one of its members. Raises InvalidBatchError."""
    row = _locked(driver(session), batch_id)
    if row["state"] != "running":
        raise InvalidBatchError(f"the batch {batch_id} is {row['state']}: nothing can be added to it any more")
    _add(session, batch_id, members)


def _add(session: Session, batch_id: UUID, members: Sequence[Command | Chain | Batch]) -> None:
    connection = driver(session)
    commands = [one for one in members if isinstance(one, Command)]
    check_heard(connection, sorted({one.kind for one in commands}))
    envelopes = [_member(one, batch_id) for one in commands]
    ids = [one.message_id for one in envelopes]
    for one in members:
        if isinstance(one, Chain):
            ids.append(publish_chain(session, one, batch_id=batch_id))
        elif isinstance(one, Batch):
            ids.append(publish_batch(session, one, parent_id=batch_id))
    shards = Counter(shard_of(member_id) for member_id in ids)
    connection.execute(
        "INSERT INTO messaging.batch_shard AS known (batch_id, shard, pending) "
        "SELECT %s, * FROM unnest(%s::int[], %s::bigint[]) AS added (shard, pending) ORDER BY shard "
        "ON CONFLICT (batch_id, shard) DO UPDATE SET pending = known.pending + excluded.pending",
        (batch_id, list(shards), list(shards.values())),
    )
    connection.execute(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body) "
        "SELECT id, kind, false, body FROM unnest(%s::uuid[], %s::text[], %s::bytea[]) AS member (id, kind, body)",
        ([one.message_id for one in envelopes], [one.kind for one in envelopes], [one.encode() for one in envelopes]),
    )
    session.info[PUBLISHED] = True


def shard_of(member_id: UUID) -> int:
    """The shard that counts a member: always the same one."""
    return zlib.crc32(member_id.bytes) % SHARDS


def is_cancelled(connection: Connection, option: Mapping[str, Any]) -> bool:
    """True if the batch was cancelled: a member that has not started does not start any more."""
    row = connection.execute("SELECT state FROM messaging.batch WHERE id = %s", (UUID(option["id"]),)).fetchone()
    return row is not None and row[0] == "cancelled"


def member_ended(
    connection: Connection, batch_id: UUID, member_id: UUID, *, succeeded: bool, skipped: bool = False
) -> None:
    """Count a member, in the transaction that ends it. A member that failed before and was tried again counts anew."""
    column = "cancelled" if skipped else "done" if succeeded else "failed"
    shard = shard_of(member_id)
    again = connection.execute(
        "DELETE FROM messaging.batch_failure WHERE batch_id = %s AND member_id = %s RETURNING 1", (batch_id, member_id)
    ).fetchone()
    if column == "failed":
        connection.execute(
            "INSERT INTO messaging.batch_failure (batch_id, member_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (batch_id, member_id),
        )
    from_column = "failed" if again else "pending"
    if from_column == column:
        return
    row = connection.execute(
        f"UPDATE messaging.batch_shard SET {from_column} = {from_column} - 1, {column} = {column} + 1 "  # noqa: S608 - two of our own column names
        "WHERE batch_id = %s AND shard = %s RETURNING pending",
        (batch_id, shard),
    ).fetchone()
    if column == "failed":
        _first_failure(connection, batch_id)
    if row is not None and row[0] == 0 and not again:
        _end_if_last(connection, batch_id)


def _first_failure(connection: Connection, batch_id: UUID) -> None:
    row = _locked(connection, batch_id)
    if row["caught"]:
        return
    state = "running" if row["allow_failures"] or row["state"] != "running" else "cancelled"
    connection.execute(
        "UPDATE messaging.batch SET caught = true, state = CASE WHEN state = 'running' THEN %s ELSE state END WHERE id = %s",
        (state, batch_id),
    )
    _publish_callback(connection, row, "catch")


def _end_if_last(connection: Connection, batch_id: UUID) -> None:
    row = _locked(connection, batch_id)
    counts = _counts(connection, batch_id)
    if row["finished_at"] is not None or counts["pending"]:
        return
    all_done = not counts["failed"] and not counts["cancelled"]
    state = "done" if row["state"] == "running" else row["state"]
    connection.execute(
        "UPDATE messaging.batch SET state = %s, finished_at = clock_timestamp() WHERE id = %s", (state, batch_id)
    )
    if all_done:
        _publish_callback(connection, row, "then")
    _publish_callback(connection, row, "finally")
    if row["parent_id"] is not None:
        succeeded = not counts["failed"] or row["allow_failures"]
        member_ended(connection, row["parent_id"], batch_id, succeeded=succeeded)


def cancel_batch(session: Session, batch_id: UUID) -> None:
    """Members that have not started end unrun; those that run are not interrupted. Raises InvalidBatchError."""
    connection = driver(session)
    row = _locked(connection, batch_id)
    if row["finished_at"] is not None:
        raise InvalidBatchError(f"the batch {batch_id} has ended")
    connection.execute("UPDATE messaging.batch SET state = 'cancelled' WHERE id = %s", (batch_id,))


def show_batch(session: Session, batch_id: UUID) -> BatchState:
    """A batch as it stands. Raises InvalidBatchError if it is not there."""
    connection = driver(session)
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute("SELECT id, name, state FROM messaging.batch WHERE id = %s", (batch_id,)).fetchone()
    if row is None:
        raise InvalidBatchError(f"there is no batch {batch_id}")
    counts = _counts(connection, batch_id)
    return BatchState(row["id"], row["name"], row["state"], sum(counts.values()), **counts)


def _counts(connection: Connection, batch_id: UUID) -> dict[str, int]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "SELECT coalesce(sum(pending), 0)::bigint AS pending, coalesce(sum(done), 0)::bigint AS done, "
            "coalesce(sum(failed), 0)::bigint AS failed, coalesce(sum(cancelled), 0)::bigint AS cancelled "
            "FROM messaging.batch_shard WHERE batch_id = %s",
            (batch_id,),
        ).fetchone()
    assert row is not None
    return row


def _locked(connection: Connection, batch_id: UUID) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute("SELECT * FROM messaging.batch WHERE id = %s FOR UPDATE", (batch_id,)).fetchone()
    if row is None:
        raise InvalidBatchError(f"there is no batch {batch_id}")
    return row


def _member(command: Command, batch_id: UUID) -> Envelope:
    cause, message_id = current_cause(), new_id()
    cause = Cause(cause.correlation_id or batch_id, cause.causation_id, cause.organisation_id, cause.traceparent)
    options = {"batch": {"id": str(batch_id)}, "version": command.version}
    return Envelope(command.kind, command.model_dump(mode="json"), message_id, cause=cause, options=options)


def _callback(command: Command | None) -> dict[str, Any] | None:
    return None if command is None else {"kind": command.kind, "fields": command.model_dump(mode="json")}


def _publish_callback(connection: Connection, row: Mapping[str, Any], name: str) -> None:
    callback = row["callbacks"].get(name)
    if callback is None:
        return
    cause = Cause(row["correlation_id"], current_cause().causation_id, row["organisation_id"])
    envelope = Envelope(callback["kind"], callback["fields"], new_id(), cause=cause)
    connection.execute(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body) VALUES (%s, %s, false, %s)",
        (envelope.message_id, envelope.kind, envelope.encode()),
    )
