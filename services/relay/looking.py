"""SQL with which the relay looks for what waits, and chooses it: by primary key wherever it can, since a scan has to step
over the rows that are gone while a dump holds its snapshot. For a connection that `plan_by_index` has set up.
"""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from services.relay.repository import Connection, OutboxRow
from services.relay.shares import Pool
from services.relay.waiting import LONGEST_LINE, Found

LOOK_ROWS = 5_000
SCAN_ROWS = 200
"""Ids of each line that a scan brings; a line that is used up is filled by itself."""
SEEN_SECONDS = 35
"""A worker that has not been seen for so long is not counted on: it says that it is there every 10 s."""

_PLAN = """
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET plan_cache_mode = force_custom_plan;
SET synchronous_commit = off; SET idle_session_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'
"""
_FOUND = """
SELECT id, destination, fairness_key, coalesce(organisation_id, fairness_key) FROM messaging.outbox WHERE not_before IS NULL
"""
_BY_ID = f"{_FOUND} AND id = ANY(%s)"
_AFTER = f"{_FOUND} AND id > %s AND id <= %s ORDER BY id LIMIT %s"
_IN_LINE = f"""
{_FOUND} AND destination = %s AND fairness_key = %s AND id > %s ORDER BY destination, fairness_key, id LIMIT %s
"""
_SCAN = """
WITH RECURSIVE line AS (
    (SELECT destination, fairness_key FROM messaging.outbox WHERE not_before IS NULL
     ORDER BY destination, fairness_key, id LIMIT 1)
    UNION ALL
    SELECT next.destination, next.fairness_key FROM line CROSS JOIN LATERAL (
        SELECT destination, fairness_key FROM messaging.outbox
        WHERE not_before IS NULL AND (destination, fairness_key) > (line.destination, line.fairness_key)
        ORDER BY destination, fairness_key, id LIMIT 1) AS next
)
SELECT first.id, line.destination, line.fairness_key, first.tenant FROM line CROSS JOIN LATERAL (
    SELECT id, coalesce(organisation_id, fairness_key) AS tenant FROM messaging.outbox AS row
    WHERE not_before IS NULL AND row.destination = line.destination AND row.fairness_key = line.fairness_key
    ORDER BY row.destination, row.fairness_key, row.id LIMIT %s) AS first
"""
_CLAIM = """
SELECT id, message_id, kind, is_event, queue, body, turn, coalesce(organisation_id, fairness_key) FROM messaging.outbox
WHERE id = ANY(%s) AND not_before IS NULL
"""
_STANDINGS = "SELECT service, message_id, status, turn FROM messaging.inbox WHERE message_id = ANY(%s)"
_OWN = "SELECT name FROM unnest(%s::text[], %s::bigint[]) AS wanted (name, key) WHERE pg_try_advisory_lock(key)"
_SNAPSHOT = """
SELECT pg_snapshot_xmin(snapshot)::text::bigint, pg_snapshot_xmax(snapshot)::text::bigint
FROM pg_current_snapshot() AS snapshot
"""
_POOLS = """
SELECT queue, sum(threads)::bigint, sum(prefetch)::bigint FROM messaging.worker, unnest(queues) AS queue
WHERE seen_at > clock_timestamp() - make_interval(secs => %s) GROUP BY queue
"""
_OWNER_SPACE = 0x72656C61 << 32
"""The word `rela` in the upper half of the lock's key, a hash of the target in the lower."""


def plan_by_index(connection: Connection) -> None:
    """Let this session plan with indexes alone, and let PostgreSQL end it where its process stands still: it owns targets.

    A commit that is lost with the server is a row that is published twice, which the inbox absorbs.
    """
    connection.execute(_PLAN)


def look_up(connection: Connection, ids: Sequence[int]) -> list[Found]:
    """The rows among these that wait."""
    return [Found(*row) for row in connection.execute(_BY_ID, (list(ids),), prepare=True, binary=True)]


def look_after(connection: Connection, after: int, up_to: int) -> list[Found]:
    """The first rows behind an id, the oldest first; LOOK_ROWS at most."""
    return [Found(*row) for row in connection.execute(_AFTER, (after, up_to, LOOK_ROWS), prepare=True, binary=True)]


def newest(connection: Connection) -> int:
    """The highest id there is; 0 in an empty outbox."""
    row = connection.execute("SELECT id FROM messaging.outbox ORDER BY id DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def scan(connection: Connection) -> list[Found]:
    """The first rows of every line: SCAN_ROWS of each at most."""
    return [Found(*row) for row in connection.execute(_SCAN, (SCAN_ROWS,), binary=True)]


def next_in_line(connection: Connection, destination: str, key: UUID, after: int) -> list[int]:
    """The next ids of one line; LONGEST_LINE at most."""
    found = connection.execute(_IN_LINE, (destination, key, after, LONGEST_LINE), prepare=True, binary=True)
    return [row[0] for row in found]


def claim(connection: Connection, ids: Sequence[int]) -> list[OutboxRow]:
    """The rows themselves, in the order of their ids. No lock: their target is owned."""
    rows = [OutboxRow(*row) for row in connection.execute(_CLAIM, (list(ids),), prepare=True, binary=True)]
    return sorted(rows, key=lambda row: row.id)


def standings(connection: Connection, messages: Sequence[UUID]) -> dict[str, dict[UUID, tuple[str, int]]]:
    """What the inbox says of these messages: (status, turn) of each, by service."""
    found: dict[str, dict[UUID, tuple[str, int]]] = defaultdict(dict)
    for service, message_id, status, turn in connection.execute(
        _STANDINGS, (list(messages),), prepare=True, binary=True
    ):
        found[service][message_id] = (status, turn)
    return found


def own(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those among these targets that this session owns from now on, until it ends."""
    keys = [_OWNER_SPACE | zlib.crc32(name.encode()) for name in names]
    return {row[0] for row in connection.execute(_OWN, (list(names), keys))}


def snapshot(connection: Connection) -> tuple[int, int]:
    """(oldest transaction that writes still, first that has not begun): pg_snapshot_xmin and pg_snapshot_xmax."""
    row = connection.execute(_SNAPSHOT, prepare=True).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def pools(connection: Connection) -> dict[str, Pool]:
    """Who works on which queue, as the workers say themselves."""
    return {queue: Pool(threads, prefetch) for queue, threads, prefetch in connection.execute(_POOLS, (SEEN_SECONDS,))}
