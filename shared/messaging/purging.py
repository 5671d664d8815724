"""Deleting what is over, in slices: each is one short statement along an index, and goes on where the last one ended.

A *purge* walks one table in the order of a key and deletes, or empties, the rows that its condition is true of. A *pass*
is one walk from the first row to the last that can be over; then the purge rests. How far it has come is a row of
`messaging.purge_progress`, written with the slice: whoever is killed in between has lost a slice, and nobody begins
again at the start. Of two processes at the same purge one passes it over.

A row that must stay (unfinished, failed and undecided, from a clock that is wrong) costs the read of its key in each
pass, and goes in the first pass after it may.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

import psycopg
from psycopg import errors
from sqlalchemy.orm import Session

from shared.database.session import driver
from shared.retention import oldest_id

Connection = psycopg.Connection[Any]

LARGEST_SLICE: Final = 5_000
SMALLEST_SLICE: Final = 50
SLOW_SECONDS: Final = 0.25
"""A slice that took longer makes the next one half as large: none may come near a second."""
LOCK_MILLISECONDS: Final = 200
CLOCK_TOLERANCE: Final = timedelta(days=1)
"""An id that is further ahead of the clock than this was not made by a clock that is right."""

_TAKE = """
SELECT cursor, slice, ended_at FROM messaging.purge_progress WHERE name = %s FOR UPDATE SKIP LOCKED
"""
_BEGIN = "INSERT INTO messaging.purge_progress (name, slice) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_NOTE = """
UPDATE messaging.purge_progress
SET cursor = %s, slice = %s, ended_at = CASE WHEN %s THEN %s ELSE ended_at END, removed = removed + %s,
    longest_ms = greatest(longest_ms * 0.99, %s), changed_at = clock_timestamp()
WHERE name = %s
"""
_PLAN_BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
"""A table that was empty yesterday has no statistics that help: its index is used whatever they say."""
_PLAN_AS_ALWAYS = (
    "SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL enable_hashjoin TO DEFAULT; "
    "SET LOCAL enable_mergejoin TO DEFAULT; SET LOCAL lock_timeout TO DEFAULT"
)


@dataclass(frozen=True, slots=True)
class Purge:
    """What is done to the rows of one table that are over.

    `key` are columns of a unique index and their types, in its order. `reach` bounds the walk, `over` says which of the
    rows go; both are SQL about `row`, and may use `%(now)s`, `%(horizon)s` (`age` before now), `%(horizon_id)s` (the
    first UUIDv7 of that moment), `%(ahead_id)s` (the first of a day after now) and `parameters`. With `change` the rows
    are not deleted but changed: it is the SET of an UPDATE. `also` are statements for what hangs on the rows, whose keys
    are in `gone`. With an `age` of None nothing is ever over.
    """

    name: str
    table: str
    key: Mapping[str, str]
    over: str
    age: timedelta | None = timedelta(0)
    reach: str = "true"
    change: str = ""
    also: tuple[str, ...] = ()
    rest: timedelta = timedelta(minutes=10)
    largest: int = LARGEST_SLICE
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice came to. `ended`: the pass is over, or there was nothing to do."""

    removed: int
    ended: bool
    seconds: float = 0.0


def statement(purge: Purge, *, first: bool) -> str:
    """The SQL of one slice; of the first of a pass, or of one that goes on from `%(k0)s, …`."""
    columns = list(purge.key)
    order = ", ".join(columns)
    mine = ", ".join(f"row.{column}" for column in columns)
    places = ", ".join(f"%(k{number})s::{kind}" for number, kind in enumerate(purge.key.values()))
    after = "" if first else f" AND ({mine}) > ({places})"
    change = f"UPDATE {purge.table} AS row SET {purge.change} FROM slice" if purge.change else (
        f"DELETE FROM {purge.table} AS row USING slice"
    )  # fmt: skip
    same = f"({mine}) = ({', '.join(f'slice.{column}' for column in columns)})"
    also = "".join(f", also_{number} AS ({text})" for number, text in enumerate(purge.also))
    texts = ", ".join(f"{column}::text" for column in columns)
    return (
        f"WITH slice AS MATERIALIZED (SELECT {mine} FROM {purge.table} AS row "
        f"WHERE ({purge.reach}){after} ORDER BY {mine} LIMIT %(limit)s), "
        f"gone AS ({change} WHERE {same} AND ({purge.over}) RETURNING {mine}){also} "
        f"SELECT (SELECT count(*) FROM slice), (SELECT count(*) FROM gone), "
        f"(SELECT ARRAY[{texts}] FROM slice ORDER BY {_descending(order)} LIMIT 1)"
    )


def _descending(order: str) -> str:
    return ", ".join(f"{column} DESC" for column in order.split(", "))


def purge_slice(connection: Connection, purge: Purge, *, at: datetime | None = None) -> Slice:
    """Take the next slice of a purge, in a transaction of its own or as a part of the caller's.

    `at` is the moment that ages are counted back from: PostgreSQL's clock, but in tests. Where somebody else is at this
    purge, or holds a row of the slice, nothing is done.
    """
    if purge.age is None:
        return Slice(0, ended=True)
    began = monotonic()
    with suppress(errors.LockNotAvailable), connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        moment: datetime = at or connection.execute("SELECT clock_timestamp()").fetchone()[0]  # type: ignore[index] # always one row
        connection.execute(_BEGIN, (purge.name, min(purge.largest, 1_000)))
        found = connection.execute(_TAKE, (purge.name,)).fetchone()
        if found is None or (found[0] is None and found[2] is not None and found[2] + purge.rest > moment > found[2]):
            return Slice(0, ended=True)
        cursor, limit, _ = found
        return _take(connection, purge, moment, cursor, limit)
    return Slice(0, ended=True, seconds=monotonic() - began)


def _take(connection: Connection, purge: Purge, moment: datetime, cursor: list[str] | None, limit: int) -> Slice:
    values = {
        **purge.parameters,
        "now": moment,
        "horizon": moment - (purge.age or timedelta(0)),
        "horizon_id": oldest_id((moment - (purge.age or timedelta(0))).timestamp()),
        "ahead_id": oldest_id((moment + CLOCK_TOLERANCE).timestamp()),
        "limit": limit,
        **{f"k{number}": value for number, value in enumerate(cursor or ())},
    }
    # A table that was empty yesterday has no statistics: its index is used whatever they say.
    connection.execute(
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
    )
    began = monotonic()
    row = connection.execute(statement(purge, first=cursor is None).encode(), values).fetchone()
    assert row is not None
    seconds = monotonic() - began
    connection.execute(_PLAN_AS_ALWAYS)
    seen, removed, last = row
    ended = seen < limit
    larger = min(purge.largest, limit * 2) if seconds < SLOW_SECONDS / 4 else limit
    size = max(SMALLEST_SLICE, limit // 2) if seconds > SLOW_SECONDS else larger
    note = (None if ended else last, size, ended, moment, removed, seconds * 1000, purge.name)
    connection.execute(_NOTE, note)
    return Slice(removed, ended, seconds)


def purge_some(
    connection: Connection, purges: Sequence[Purge], seconds: float, *, at: datetime | None = None
) -> tuple[int, bool]:
    """Take slices of all purges in turn, so that none waits for another's end, until all rest or the time is over.

    Returns how many rows went, and whether all are at rest.
    """
    end, removed = monotonic() + seconds, 0
    for one in _in_turn(connection, purges, at):
        removed += one.removed
        if monotonic() >= end:
            return removed, False
    return removed, True


def _in_turn(connection: Connection, purges: Sequence[Purge], at: datetime | None) -> Iterator[Slice]:
    under_way = list(purges)
    while under_way:
        for purge in list(under_way):
            one = purge_slice(connection, purge, at=at)
            if one.ended:
                under_way.remove(purge)
            yield one


def purge_in(session: Session, purges: Sequence[Purge], seconds: float, *, at: datetime | None = None) -> bool:
    """The same in the session's transaction, for a service's own tables. Returns whether all are at rest."""
    return purge_some(driver(session), purges, seconds, at=at)[1]


def has_removed(session: Session, name: str) -> bool:
    """Whether a purge has ever removed anything."""
    row = driver(session).execute("SELECT removed FROM messaging.purge_progress WHERE name = %s", (name,)).fetchone()
    return row is not None and int(str(row[0])) > 0
