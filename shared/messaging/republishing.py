"""Publishing again what was confirmed and is not done: from `messaging.published` into the outbox, in slices."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from shared.messaging.inbox import Connection
from shared.messaging.sending import OutgoingRow, send_rows

SLICE = 1_000
"""Rows that are published again in one transaction."""
MIN_AGE_SECONDS = 60
"""What was published less than this ago is still on its way."""

Tell = Callable[[str], None]

_PARTITIONS = """
SELECT namespace.nspname, class.relname FROM pg_inherits
JOIN pg_class AS class ON class.oid = inhrelid JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE inhparent = 'messaging.published'::regclass ORDER BY class.relname
"""
# Anti-joins over a whole partition first, by hash; what is left is little, and is looked at row by row. A message of a
# queue that has been renamed since is known by its service, with which every name of a queue begins.
_MISSING = """
WITH candidate AS MATERIALIZED (
    SELECT sent.message_id, sent.kind, sent.is_event, consumer.queue, sent.body, sent.turn, sent.fairness_key,
           sent.organisation_id, sent.correlation_id, sent.published_at, consumer.service
    FROM {partition} AS sent
    JOIN messaging.subscription AS consumer ON consumer.kind = sent.kind
    WHERE consumer.until IS NULL AND consumer.queue <> ALL(%(left_alone)s)
      AND (sent.queue IS NULL OR split_part(sent.queue, '.', 1) = consumer.service)
      AND (NOT consumer.is_event OR sent.published_at >= consumer.since)
      AND sent.published_at < clock_timestamp() - make_interval(secs => %(min_age)s)
      AND NOT EXISTS (
          SELECT FROM messaging.inbox WHERE inbox.message_id = sent.message_id AND inbox.service = consumer.service
          AND (inbox.status IN ('done', 'failed') OR inbox.turn > sent.turn))
), missing AS (
    SELECT * FROM candidate
    WHERE NOT EXISTS (
          SELECT FROM messaging.outbox AS waits WHERE waits.message_id = candidate.message_id
          AND (waits.queue IS NULL OR split_part(waits.queue, '.', 1) = candidate.service))
      AND NOT EXISTS (
          SELECT FROM messaging.scheduled AS later WHERE later.message_id = candidate.message_id
          AND (later.queue IS NULL OR split_part(later.queue, '.', 1) = candidate.service))
      AND NOT EXISTS (
          SELECT FROM messaging.published AS newer WHERE newer.message_id = candidate.message_id
          AND newer.published_at > candidate.published_at
          AND (newer.queue IS NULL OR split_part(newer.queue, '.', 1) = candidate.service))
)
"""
_COUNT = "SELECT queue, count(*) FROM missing GROUP BY queue"
_ROWS = (
    "SELECT message_id, kind, is_event, queue, body, turn, fairness_key, organisation_id, correlation_id FROM missing"
)


def count_missing(
    connection: Connection, left_alone: Sequence[str], tell: Tell, min_age: float = MIN_AGE_SECONDS
) -> dict[str, int]:
    """How many messages have no finished inbox row for a consumer that was subscribed when they were published, by that
    consumer's queue. What is due later, waits in the outbox, or has a later turn is not missing.
    """
    found: dict[str, int] = {}
    for name, partition in _partitions(connection):
        tell(f"looking through {name}")
        statement = sql.SQL(_MISSING + _COUNT).format(partition=partition)
        values = {"left_alone": list(left_alone), "min_age": min_age}
        for queue, count in _of_partition(connection, statement, values):
            found[queue] = found.get(queue, 0) + count
    return found


def publish_missing(
    reading: Connection,
    writing: Connection,
    left_alone: Sequence[str],
    tell: Tell,
    min_age: float = MIN_AGE_SECONDS,
) -> dict[str, int]:
    """Publish the same messages again, each to that consumer's queue. Returns how many, by queue. The inbox makes a
    repetition harmless. `reading` keeps one snapshot for each partition while `writing` commits slice by slice.
    """
    published: dict[str, int] = {}
    for name, partition in _partitions(reading):
        tell(f"looking through {name}")
        statement = sql.SQL(_MISSING + _ROWS).format(partition=partition)
        for rows in _slices(reading, statement, {"left_alone": list(left_alone), "min_age": min_age}):
            with writing.transaction():
                send_rows(writing, rows)
            for row in rows:
                queue = str(row.queue)
                published[queue] = published.get(queue, 0) + 1
            tell(f"published {sum(published.values())} again")
    return published


def _partitions(connection: Connection) -> list[tuple[str, sql.Identifier]]:
    return [(name, sql.Identifier(schema, name)) for schema, name in connection.execute(_PARTITIONS).fetchall()]


def _of_partition(connection: Connection, statement: sql.Composed, values: dict[str, Any]) -> list[tuple[str, int]]:
    """What it says of one partition: nothing, if that was dropped meanwhile because it is too old."""
    try:
        return connection.execute(statement, values).fetchall()
    except psycopg.errors.UndefinedTable:
        return []


def _slices(connection: Connection, statement: sql.Composed, values: dict[str, Any]) -> Iterator[list[OutgoingRow]]:
    try:
        with connection.transaction(), connection.cursor(name="missing") as cursor:
            cursor.execute(statement, values)
            while rows := cursor.fetchmany(SLICE):
                yield [_outgoing(row) for row in rows]
    except psycopg.errors.UndefinedTable:
        return


def _outgoing(row: tuple[Any, ...]) -> OutgoingRow:
    message_id: UUID = row[0]
    return OutgoingRow(message_id, *row[1:])
