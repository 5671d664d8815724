"""Partitions of `messaging.published`, by day: made ahead of time, dropped whole when they are too old.

What has no partition, because the clock was off or none could be made, lies in the DEFAULT partition: it is told of, and
goes in slices when it is as old. Nothing here stops the relay: what fails is tried again.
"""

from datetime import timedelta
from threading import Event
from typing import Any

import psycopg
import structlog

from shared.metrics import Metrics

DAYS_AHEAD = 3
LOOK_SECONDS = 300.0
AGAIN_SECONDS = 15.0
SLICE = 5_000
MOST_COUNTED = 100_000

Connection = psycopg.Connection[Any]

log = structlog.get_logger("bellhop.relay")

_MAKE = """
SELECT messaging.make_published_partition(
    (clock_timestamp() AT TIME ZONE 'UTC')::date + %s)
"""
_DROP = "SELECT messaging.drop_published_partition(%s)"
_EMPTY = """
DELETE FROM messaging.published_default WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM messaging.published_default WHERE published_at < clock_timestamp() - %s::interval LIMIT %s))
"""
_COUNT = "SELECT count(*) FROM (SELECT FROM messaging.published_default LIMIT %s) AS found"


def keep_partitions(connection: Connection, kept: timedelta | None, metrics: Metrics, stopping: Event) -> None:
    """Look after the partitions until told to stop. Raises psycopg.Error when the connection is gone."""
    while not stopping.is_set():
        stopping.wait(look_after_partitions(connection, kept, metrics))


def look_after_partitions(connection: Connection, kept: timedelta | None, metrics: Metrics) -> float:
    """Make the partitions of today and the next days, drop those that are older than `kept` (None: for ever), and see
    what has none.

    Returns after how many seconds to look again: soon, if something could not be done. Raises psycopg.Error only where
    the connection is gone.
    """
    steps = (_make, _drop, _empty_default)
    done = [_try(step.__name__.strip("_"), lambda step=step: step(connection, kept), connection) for step in steps]
    done.append(_try("count", lambda: _count_default(connection, metrics), connection))
    return LOOK_SECONDS if all(done) else AGAIN_SECONDS


def _try(what: str, step: Any, connection: Connection) -> bool:
    try:
        step()
    except psycopg.Error as error:
        if connection.broken:
            raise
        log.warning("partitions of what was published are tried again later", step=what, error=repr(error))
        return False
    return True


def _make(connection: Connection, _: timedelta | None) -> None:
    for days in range(DAYS_AHEAD + 1):
        connection.execute(_MAKE, (days,))


def _drop(connection: Connection, kept: timedelta | None) -> None:
    if kept is None:
        return
    while (row := connection.execute(_DROP, (kept,)).fetchone()) and row[0]:
        log.info("partition dropped", partition=row[0])


def _empty_default(connection: Connection, kept: timedelta | None) -> None:
    while kept is not None and connection.execute(_EMPTY, (kept, SLICE)).rowcount == SLICE:
        continue


def _count_default(connection: Connection, metrics: Metrics) -> None:
    row = connection.execute(_COUNT, (MOST_COUNTED,)).fetchone()
    assert row is not None
    metrics.published_without_partition.set(row[0])
    if row[0]:
        log.warning("published rows have no partition: the clock was off, or none could be made", rows=row[0])
