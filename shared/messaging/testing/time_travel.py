"""A clock that can be moved: not the clock moves, but everything that schema `messaging` holds moves into the past.

So two hours pass at once for every process that looks at this database, without one of them being told.
"""

from typing import Any

import orjson
from psycopg import sql
from sqlalchemy import DateTime, Table
from sqlalchemy.orm import Session

from shared.database.session import PUBLISHED, driver
from shared.messaging.inbox import Connection
from shared.messaging.tables import Base, TickRow

_SLOTS = ("window:", "bucket:")
"""The tickets whose value is a moment: a slot that a rate limit reserved."""
_WITH_TICKETS = "SELECT id, body FROM messaging.{} WHERE position('\"tickets\"'::bytea IN body) > 0"


def travel(session: Session, seconds: float) -> None:
    """Let `seconds` pass: due times, leases, limits, unique keys, breakers and ages, for all processes alike.

    A fixed window of a rate limit begins anew, however little passes: windows begin at multiples of their period on the
    real clock. The moments of schedules (ticks) stay, and so does every clock that a handler was given. Raises ValueError
    for a negative time.
    """
    if seconds < 0:
        raise ValueError("time passes forward: seconds are not negative")
    connection = driver(session)
    for table in Base.metadata.sorted_tables:
        moments = [column.name for column in table.columns if isinstance(column.type, DateTime)]
        if moments and table is not TickRow.__table__:
            _shift(connection, table, moments, seconds)
    for name in ("scheduled", "outbox"):
        _shift_tickets(connection, name, seconds)
    session.info[PUBLISHED] = True


def _shift(connection: Connection, table: Table, moments: list[str], seconds: float) -> None:
    changes = sql.SQL(", ").join(
        sql.SQL("{0} = {0} - make_interval(secs => {1})").format(sql.Identifier(moment), sql.Literal(seconds))
        for moment in moments
    )
    connection.execute(sql.SQL("UPDATE messaging.{} SET {}").format(sql.Identifier(table.name), changes))


def _shift_tickets(connection: Connection, table: str, seconds: float) -> None:
    """A slot that was reserved travels inside its message."""
    name = sql.Identifier(table)
    for row_id, body in connection.execute(sql.SQL(_WITH_TICKETS).format(name)).fetchall():
        message: dict[str, Any] = orjson.loads(body)
        tickets = message["options"].get("tickets") or {}
        message["options"]["tickets"] = {
            key: value - seconds if key.startswith(_SLOTS) else value for key, value in tickets.items()
        }
        change = sql.SQL("UPDATE messaging.{} SET body = %s WHERE id = %s").format(name)
        connection.execute(change, (orjson.dumps(message), row_id))
