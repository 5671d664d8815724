"""Batches: many members, counted truly (see counting), with callbacks that come exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import cycle
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from shared.contracts.message import Command
from shared.database.session import PUBLISHED, driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.causes import Cause, caused_by, current_cause
from shared.messaging.chain import Chain, check_heard, check_storable, start_chain
from shared.messaging.counting import Place, locked
from shared.messaging.envelope import MAX_BODY_BYTES, Envelope
from shared.messaging.inbox import Connection
from shared.messaging.sending import kept, outgoing, send_rows

SHARDS = 64
"""Shards of what is added at once, so that so many of its members can end at the same time without waiting."""

_COUNTS = """
SELECT id, name, state, organisation_id, created_at, finished_at, coalesce(shards.pending, 0)::bigint AS pending,
    (batch.done + coalesce(shards.done, 0))::bigint AS done, (batch.failed + coalesce(shards.failed, 0))::bigint AS failed,
    (batch.cancelled + coalesce(shards.cancelled, 0))::bigint AS cancelled
FROM messaging.batch LEFT JOIN LATERAL (
    SELECT sum(pending) AS pending, sum(done) AS done, sum(failed) AS failed, sum(cancelled) AS cancelled
    FROM messaging.batch_shard WHERE batch_id = batch.id
) AS shards ON true
"""


class InvalidBatchError(PermanentError):
    """A batch is empty, is not there, has ended, or was given a member that it cannot have."""

    code = "invalid_batch"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Batch:
    """Members run in any order. A member is a command, a chain, or a batch.

    `then` is published if all of them are done, `catch` at the first final failure, `finally_` when all have ended, each
    once. Unless `allow_failures`, the first failure cancels the members that have not started. With `allow_failures` they
    all run; still `then` comes only if every one is done, and a batch that it is a member of counts it as done.
    Its commands take turns with other messages by `fairness_key`: by their organisation where it is None.
    """

    name: str
    members: "Sequence[Command | Chain | Batch]"
    then: Command | None = None
    catch: Command | None = None
    finally_: Command | None = None
    allow_failures: bool = False
    fairness_key: UUID | None = None

    def __post_init__(self) -> None:
        if not self.members:
            raise InvalidBatchError(
                f"the batch {self.name!r} is empty: there is nothing that its callbacks could follow"
            )
        _check_members(self.members)


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as it stands: running, cancelled (members may still run), and with `finished_at` done, failed or cancelled.

    A chain or a batch is one member. A failed member that is tried again is pending.
    """

    id: UUID
    name: str
    state: str
    organisation_id: UUID | None
    created_at: datetime
    finished_at: datetime | None
    pending: int
    done: int
    failed: int
    cancelled: int

    @property
    def total(self) -> int:
        return self.pending + self.done + self.failed + self.cancelled

    @property
    def progress(self) -> int:
        """The percentage of members that have ended, 0 to 100."""
        return 100 * (self.total - self.pending) // self.total


def publish_batch(session: Session, batch: Batch, *, organisation_id: UUID | None = None) -> UUID:
    """Start a batch in the session's transaction. Returns its id.

    Raises InvalidBatchError, InvalidChainError for a kind that nobody hears, MessageTooLargeError.
    """
    batch_id = _start(driver(session), batch, None, organisation_id)
    session.info[PUBLISHED] = True
    return batch_id


def current_batch() -> UUID | None:
    """The batch that the message being handled is a member of, itself or as a step of a chain: to add to it, to cancel it."""
    return current_cause().batch_id


def add_to_batch(session: Session, batch_id: UUID, members: "Sequence[Command | Chain | Batch]") -> None:
    """Add members while it runs.

    From within one of its members nobody waits for this, and what is added to a batch that was cancelled meanwhile ends
    unrun. From outside it keeps the batch from ending until the transaction ends: add last, and commit soon. Raises
    InvalidBatchError if the batch has ended; from outside also if it was cancelled.
    """
    connection = driver(session)
    _check_members(members)
    if not _is_within(connection, batch_id):
        row = connection.execute("SELECT state FROM messaging.batch WHERE id = %s FOR SHARE", (batch_id,)).fetchone()
        if row is None:
            raise _missing(batch_id)
        if row[0] != "running":
            raise InvalidBatchError(f"the batch {batch_id} is {row[0]}: nothing can be added to it any more")
    _add(connection, batch_id, members, None)
    session.info[PUBLISHED] = True


def cancel_batch(session: Session, batch_id: UUID) -> None:
    """Members that have not started end unrun, those of batches and chains inside it as well; those that run are not
    interrupted. Its `then` does not come any more. Raises InvalidBatchError.
    """
    row = locked(driver(session), batch_id)
    if row is None:
        raise _missing(batch_id)
    if row["finished_at"] is not None:
        raise InvalidBatchError(f"the batch {batch_id} has ended")
    driver(session).execute("UPDATE messaging.batch SET state = 'cancelled' WHERE id = %s", (batch_id,))


def show_batch(session: Session, batch_id: UUID) -> BatchState:
    """A batch as it stands. Raises InvalidBatchError if it is not there."""
    with driver(session).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(f"{_COUNTS} WHERE id = %s".encode(), (batch_id,)).fetchone()
    if row is None:
        raise _missing(batch_id)
    return BatchState(**row)


def list_batches(session: Session, *, running: bool = False, limit: int = 100) -> list[BatchState]:
    """Batches, the newest first; with `running` those that have not ended."""
    statement = f"{_COUNTS} WHERE NOT %s OR finished_at IS NULL ORDER BY id DESC LIMIT %s"
    with driver(session).cursor(row_factory=dict_row) as cursor:
        return [BatchState(**row) for row in cursor.execute(statement.encode(), (running, limit))]


def _start(connection: Connection, batch: Batch, parent: Place | None, organisation_id: UUID | None) -> UUID:
    batch_id, cause = new_id(), current_cause()
    callbacks = {"then": batch.then, "catch": batch.catch, "finally": batch.finally_}
    check_heard(connection, sorted({one.kind for one in callbacks.values() if one is not None}))
    as_json = {name: one and kept(one) for name, one in callbacks.items()}
    check_storable(batch.name, as_json)
    organisation_id = organisation_id or cause.organisation_id
    connection.execute(
        "INSERT INTO messaging.batch (id, name, state, allow_failures, callbacks, parent_id, parent_shard, "
        "organisation_id, correlation_id, causation_id) VALUES (%s, %s, 'running', %s, %s, %s, %s, %s, %s, %s)",
        (
            batch_id, batch.name, batch.allow_failures, Jsonb(as_json), parent and parent.batch_id,
            parent and parent.shard, organisation_id, cause.correlation_id or batch_id, cause.causation_id,
        ),
    )  # fmt: skip
    _add(connection, batch_id, batch.members, organisation_id, batch.fairness_key)
    return batch_id


def _add(
    connection: Connection,
    batch_id: UUID,
    members: "Sequence[Command | Chain | Batch]",
    organisation_id: UUID | None,
    fairness_key: UUID | None = None,
) -> None:
    """Count the members as pending first: a chain whose steps are all left out ends at once."""
    places = [Place(batch_id, new_id()) for _ in range(min(SHARDS, len(members)))]
    connection.execute(
        "INSERT INTO messaging.batch_shard (batch_id, shard, pending) "
        "SELECT %s, shard, pending FROM unnest(%s::uuid[], %s::bigint[]) AS added (shard, pending)",
        (
            batch_id,
            [place.shard for place in places],
            [len(range(i, len(members), len(places))) for i in range(len(places))],
        ),
    )
    placed = list(zip(members, cycle(places), strict=False))
    now = current_cause()
    organisation_id = organisation_id or now.organisation_id
    cause = Cause(now.correlation_id or batch_id, now.causation_id, organisation_id, now.traceparent)
    with caused_by(replace(cause, batch_id=now.batch_id)):
        _send(
            connection, [_member(one, place, cause, fairness_key) for one, place in placed if isinstance(one, Command)]
        )
        for one, place in placed:
            if isinstance(one, Chain):
                start_chain(connection, one, place, organisation_id)
            elif isinstance(one, Batch):
                _start(connection, one, place, organisation_id)


def _member(command: Command, place: Place, cause: Cause, fairness_key: UUID | None) -> Envelope:
    options: dict[str, Any] = {"batch": place.option, "version": command.version}
    if fairness_key is not None:
        options["fairness_key"] = str(fairness_key)
    return Envelope(command.kind, command.model_dump(mode="json"), new_id(), cause=cause, options=options)


def _send(connection: Connection, envelopes: Sequence[Envelope]) -> None:
    check_heard(connection, sorted({one.kind for one in envelopes}))
    send_rows(connection, [outgoing(one, limit=MAX_BODY_BYTES) for one in envelopes])


def _is_within(connection: Connection, batch_id: UUID) -> bool:
    """True if the message being handled is a pending member of the batch, or of a batch inside it: then the batch cannot
    end before this transaction does.
    """
    above = current_batch()
    while above is not None:
        row = connection.execute(
            "SELECT parent_id, finished_at FROM messaging.batch WHERE id = %s", (above,)
        ).fetchone()
        if row is None or row[1] is not None:
            return False
        if above == batch_id:
            return True
        above = row[0]
    return False


def _check_members(members: Sequence[object]) -> None:
    for one in members:
        if not isinstance(one, Command | Chain | Batch):
            raise InvalidBatchError(f"a member is a command, a chain or a batch, not {one!r}")


def _missing(batch_id: UUID) -> InvalidBatchError:
    return InvalidBatchError(f"there is no batch {batch_id}")
