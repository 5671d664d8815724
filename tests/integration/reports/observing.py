"""Looking at the projection: what stands in it, and what is left to be computed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.reports.handlers import projection
from services.reports.repository.projected_tables import TABLES
from shared.contracts.message import Event
from shared.ids import new_id
from tests.support.databases import Database

Rows = Mapping[str, Sequence[str]]


def hear(database: Database, events: Iterable[Event], together: int = 50) -> int:
    """Take events in as they come, so many in a transaction. Returns how many they were."""
    waiting, heard = iter(events), 0
    while part := list(islice(waiting, together)):
        with database.work("reports")() as session:
            for event in part:
                projection.hear(session, new_id(), event)
        heard += len(part)
    return heard


def rows_of(session: Session) -> Rows:
    """Every row of the projection, by table."""
    return {
        table.name: list(session.scalars(text(f"SELECT it::text FROM reports.{table.name} AS it ORDER BY 1")))
        for table in TABLES
    }


def rows(database: Database) -> Rows:
    """Every row that is committed."""
    with database.work("reports")() as session:
        return rows_of(session)


def fingerprint(database: Database) -> Mapping[str, tuple[Any, ...]]:
    """How many rows each table has, and a sum over all that stands in them: for tables too large to look at."""
    sums = "count(*), sum(hashtextextended(it::text, 0)::numeric)"
    return {table.name: database.query(f"SELECT {sums} FROM reports.{table.name} AS it")[0] for table in TABLES}


def row(database: Database, table: str, row_id: UUID) -> Mapping[str, Any]:
    """One row."""
    with database.work("reports")() as session:
        found = session.execute(text(f"SELECT * FROM reports.{table} WHERE id = :id"), {"id": row_id})
        return dict(found.mappings().one())


def take_marks(database: Database) -> set[tuple[UUID, datetime]]:
    """The hours that are stale, which are then no more."""
    return {
        (organisation, hour)
        for organisation, hour in database.query("DELETE FROM reports.stale_hours RETURNING organisation_id, hour")
    }
