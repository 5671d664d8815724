"""The statements that take events into the projection, made from what `projected_tables` says.

One statement a table, for one event that was just heard as for ten thousand of the log: only where the events are told
from differs. It merges the events with each other, then with the rows that are there, and marks the hours of all moments
of the rows that it changed as stale, since their figures have to be computed anew.
"""

# ruff: noqa: S608 - what is put together here are constants of this package

from services.reports.repository.projected_tables import TABLES, Column, Table

HEARD = "SELECT CAST(:kind AS text) AS kind, CAST(:fields AS jsonb) AS fields"
"""One event, with its fields as a parameter."""

LOGGED = """SELECT event_log.kind, event_log.fields FROM reports.event_log
    WHERE event_log.sequence > :after AND event_log.sequence <= :until AND event_log.kind IN ({kinds})"""
"""A part of the log."""


def statement(table: Table, told: str) -> str:
    """What takes the events `told` into this table."""
    names = ", ".join(column.name for column in table.columns)
    key, written = ", ".join(table.key), f"reports.{table.name}"
    merged = {column.name: _merged(table, column) for column in table.columns if column.name not in table.key}
    parts = [
        f"told AS ({told.format(kinds=_quoted(table.kinds))})",
        f"heard AS ({' UNION ALL '.join(_heard(table, number) for number in range(len(table.sources)))})",
        f"word AS (SELECT {', '.join(_gathered(table, column) for column in table.columns)} FROM heard GROUP BY {key})",
    ]
    parts.append(
        f"written AS (INSERT INTO {written} AS it ({names}) SELECT {names} FROM word ORDER BY {key}"
        f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{name} = {value}' for name, value in merged.items())}"
        f" WHERE ({', '.join(f'it.{name}' for name in merged)}) IS DISTINCT FROM ({', '.join(merged.values())})"
        f" RETURNING it.*)"
    )
    if table.words:
        these = " AND ".join(f"it.{name} = written.{name}" for name in table.key)
        parts.append(f"earlier AS (SELECT it.* FROM {written} AS it JOIN written ON {these})")
    return f"WITH {', '.join(parts)} {_mark(table)}"


def statements(told: str) -> dict[str, tuple[str, ...]]:
    """The statements by kind of event: all that an event of this kind is taken in by, in their order."""
    kinds = {kind for table in TABLES for kind in table.kinds}
    return {kind: tuple(statement(table, told) for table in TABLES if kind in table.kinds) for kind in kinds}


def emptying(table: Table) -> str:
    """What removes up to `:limit` rows of this table."""
    return (
        f"DELETE FROM reports.{table.name} WHERE ctid = ANY(ARRAY(SELECT ctid FROM reports.{table.name} LIMIT :limit))"
    )


def _heard(table: Table, number: int) -> str:
    source = table.sources[number]
    columns = ", ".join(f"{_read(table, number, column)} AS {column.name}" for column in table.columns)
    each = f" CROSS JOIN LATERAL jsonb_array_elements(told.fields -> '{source.each}') AS one" if source.each else ""
    return f"SELECT {columns} FROM told{each} WHERE told.kind IN ({_quoted(source.kinds)})"


def _read(table: Table, number: int, column: Column) -> str:
    return table.sources[number].instead.get(column.name) or column.expression


def _gathered(table: Table, column: Column) -> str:
    """The column, of all events of a row together."""
    cast = "::uuid" if column.is_id else ""
    if column.name in table.key:
        return f"{column.name}{cast}"
    word = next((word for word in table.words if column.name in word), None)
    if word is None:
        return f"{'min' if column.least else 'max'}({column.name}){cast} AS {column.name}"
    greatest_first = ", ".join(f"{name} DESC NULLS LAST" for name in word)
    return f"(array_agg({column.name} ORDER BY {greatest_first}))[1]{cast} AS {column.name}"


def _merged(table: Table, column: Column) -> str:
    """The column, of the row that is there (`it`) and of what was told now (`excluded`)."""
    name = column.name
    word = next((word for word in table.words if name in word), None)
    if word is None:
        return f"{'least' if column.least else 'greatest'}(it.{name}, excluded.{name})"
    told, known = (f"({', '.join(f'{row}.{part}' for part in word)})" for row in ("excluded", "it"))
    return f"CASE WHEN it.{word[0]} IS NULL OR {told} > {known} THEN excluded.{name} ELSE it.{name} END"


def _mark(table: Table) -> str:
    if not table.marks:
        return "SELECT count(*) FROM written"
    return (
        "INSERT INTO reports.stale_hours (organisation_id, hour)"
        " SELECT DISTINCT organisation_id, date_trunc('hour', moment, 'UTC')"
        f" FROM ({table.marks}) AS stale WHERE organisation_id IS NOT NULL AND moment IS NOT NULL"
    )


def _quoted(kinds: tuple[str, ...]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)
