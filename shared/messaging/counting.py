"""How the members of a batch are counted, and how its last one is found.

A member counts in the transaction that ends it, so a redelivery never counts twice. The counters are spread over shards,
so that they are no hot spot: a member carries the shard that counts it. Members that are added get shards of their own,
so whoever adds holds up nobody who ends. A shard without a pending member is added to the batch's row and deleted, under
the row's lock: who deletes the last one ends the batch, and of two at the same time the second sees the first.

Locks are taken in one order: chain, shard, batch, then shard and batch of the parent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from shared.messaging.envelope import as_uuid
from shared.messaging.inbox import Connection
from shared.messaging.sending import send_later_known

Ended = Literal["done", "failed", "cancelled"]

_COUNT = """
UPDATE messaging.batch_shard SET pending = pending - 1, {0} = {0} + 1 WHERE batch_id = %s AND shard = %s RETURNING pending
"""
_COUNTS: Mapping[Ended, bytes] = {
    "done": _COUNT.format("done").encode(),
    "failed": _COUNT.format("failed").encode(),
    "cancelled": _COUNT.format("cancelled").encode(),
}
_LOCK = "SELECT * FROM messaging.batch WHERE id = %s FOR NO KEY UPDATE"
_FOLD = """
WITH used AS (
    DELETE FROM messaging.batch_shard WHERE batch_id = %(batch)s AND shard = %(shard)s RETURNING done, failed, cancelled
)
UPDATE messaging.batch SET done = batch.done + used.done, failed = batch.failed + used.failed,
    cancelled = batch.cancelled + used.cancelled
FROM used WHERE id = %(batch)s
RETURNING batch.*,
    EXISTS (SELECT 1 FROM messaging.batch_shard WHERE batch_id = %(batch)s AND shard <> %(shard)s) AS has_more
"""
_PENDING_AGAIN = """
INSERT INTO messaging.batch_shard AS known (batch_id, shard, pending, failed) VALUES (%s, %s, 1, -1)
ON CONFLICT (batch_id, shard) DO UPDATE SET pending = known.pending + 1, failed = known.failed - 1
"""
_FORGET_FAILURE = "DELETE FROM messaging.batch_failure WHERE batch_id = %s AND member_id = %s RETURNING 1"
IS_CANCELLED = b"messaging.batch_is_cancelled('%s')"
"""SQL: true if the batch, or one that it is a member of, is cancelled. Members that have not started do not start then."""
LOCK_TIMEOUT = "30s"
"""How long the end of a member waits for the batch's row: whoever cancels or adds in a long transaction holds it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member is counted."""

    batch_id: UUID
    shard: UUID

    @property
    def option(self) -> dict[str, str]:
        """What the member carries."""
        return {"id": str(self.batch_id), "shard": str(self.shard)}


def place_of(option: object) -> Place | None:
    """The place that a member carries; None if what it carries is none."""
    if not isinstance(option, Mapping):
        return None
    batch_id, shard = as_uuid(option.get("id")), as_uuid(option.get("shard"))
    return Place(batch_id, shard) if batch_id and shard else None


def member_ended(connection: Connection, place: Place, member_id: UUID, ended: Ended) -> bool:
    """Count a member, in the transaction that ends it. Returns True if that led to a message."""
    row = connection.execute(_COUNTS[ended], (place.batch_id, place.shard), prepare=True).fetchone()
    if row is None:
        return False
    told = ended == "failed" and _note_failure(connection, place.batch_id, member_id)
    return (row[0] == 0 and _used_up(connection, place)) or told


def member_retried(connection: Connection, place: Place, member_id: UUID) -> None:
    """A member that failed is tried again: it is pending once more, also if the batch has ended meanwhile."""
    if connection.execute(_FORGET_FAILURE, (place.batch_id, member_id)).fetchone() is not None:
        connection.execute(_PENDING_AGAIN, (place.batch_id, place.shard))


def _note_failure(connection: Connection, batch_id: UUID, member_id: UUID) -> bool:
    connection.execute(
        "INSERT INTO messaging.batch_failure (batch_id, member_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (batch_id, member_id),
    )
    caught = connection.execute("SELECT caught FROM messaging.batch WHERE id = %s", (batch_id,)).fetchone()
    if caught is None or caught[0]:
        return False
    batch = locked(connection, batch_id)
    if batch is None or batch["caught"]:
        return False
    stops = batch["state"] == "running" and not batch["allow_failures"]
    connection.execute(
        "UPDATE messaging.batch SET caught = true, state = %s WHERE id = %s",
        ("cancelled" if stops else batch["state"], batch_id),
    )
    return _call_back(connection, batch, "catch")


def _used_up(connection: Connection, place: Place) -> bool:
    """No member of this shard is pending any more: the batch takes its counters over, and ends if it was the last one."""
    if locked(connection, place.batch_id) is None:
        return False
    with connection.cursor(row_factory=dict_row) as cursor:
        batch = cursor.execute(_FOLD, {"batch": place.batch_id, "shard": place.shard}).fetchone()
    if batch is None or batch["has_more"]:
        return False
    if batch["finished_at"] is not None:
        return _mended(connection, batch)
    return _end(connection, batch)


def _end(connection: Connection, batch: Mapping[str, Any]) -> bool:
    ended = _end_of(batch)
    connection.execute(
        "UPDATE messaging.batch SET state = %s, finished_at = clock_timestamp() WHERE id = %s", (ended, batch["id"])
    )
    told = ended == "done" and _call_back(connection, batch, "then")
    told = _call_back(connection, batch, "finally") or told
    parent = _parent_of(batch)
    if parent is None:
        return told
    if ended == "failed" and batch["allow_failures"]:
        ended = "cancelled" if batch["cancelled"] else "done"
    return member_ended(connection, parent, batch["id"], ended) or told


def _end_of(batch: Mapping[str, Any]) -> Ended:
    if batch["failed"]:
        return "failed"
    return "cancelled" if batch["cancelled"] or batch["state"] == "cancelled" else "done"


def _mended(connection: Connection, batch: Mapping[str, Any]) -> bool:
    """A member that was tried again after the end of its batch has ended. No callback comes twice; the counts are true,
    those of the parents as well.
    """
    if batch["state"] != "failed" or batch["failed"]:
        return False
    ended: Ended = "cancelled" if batch["cancelled"] else "done"
    connection.execute("UPDATE messaging.batch SET state = %s WHERE id = %s", (ended, batch["id"]))
    parent = _parent_of(batch)
    if parent is None or ended != "done":
        return False
    if connection.execute(_FORGET_FAILURE, (parent.batch_id, batch["id"])).fetchone() is None:
        return False
    with connection.cursor(row_factory=dict_row) as cursor:
        above = cursor.execute(
            "UPDATE messaging.batch SET failed = failed - 1, done = done + 1 WHERE id = %s RETURNING *",
            (parent.batch_id,),
        ).fetchone()
    return above is not None and above["finished_at"] is not None and _mended(connection, above)


def _parent_of(batch: Mapping[str, Any]) -> Place | None:
    return Place(batch["parent_id"], batch["parent_shard"]) if batch["parent_id"] is not None else None


def locked(connection: Connection, batch_id: UUID) -> dict[str, Any] | None:
    """The batch's row, locked until the transaction ends. None if it is not there."""
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_LOCK, (batch_id,)).fetchone()
    connection.execute("SET LOCAL lock_timeout TO DEFAULT")
    return row


def _call_back(connection: Connection, batch: Mapping[str, Any], name: str) -> bool:
    callback = batch["callbacks"].get(name)
    if callback is None:
        return False
    send_later_known(connection, callback, batch["correlation_id"], batch["organisation_id"])
    return True
