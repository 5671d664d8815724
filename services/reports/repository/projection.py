"""The projection: taking events into it, one by one or from the log, and emptying it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.reports.repository.projected_tables import KINDS, TABLES
from services.reports.repository.projecting import HEARD, LOGGED, emptying, statement, statements

_ONE = {kind: tuple(text(one) for one in of_kind) for kind, of_kind in statements(HEARD).items()}
_MANY = tuple(text(statement(table, LOGGED)) for table in TABLES)
_FOR_MANY = text("SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL work_mem = '64MB'")
"""A plan that was made for one part of the log is not for a part of another size."""
_EMPTY = {table.name: text(emptying(table)) for table in TABLES}


class Projection:
    """What is known of other services. Taking in an event again, or late, is harmless."""

    kinds = KINDS

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, kind: str, fields: str) -> None:
        """Take in one event, its `fields` as JSON. Raises KeyError for a kind that is not projected."""
        for one in _ONE[kind]:
            self._session.execute(one, {"kind": kind, "fields": fields})

    def take_logged(self, after: int, until: int) -> None:
        """Take in the events of the log behind number `after`, up to number `until`. The transaction is its own."""
        self._session.execute(_FOR_MANY)
        for many in _MANY:
            self._session.execute(many, {"after": after, "until": until})

    def empty(self, limit: int) -> int:
        """Remove up to `limit` rows, of whichever tables. Returns how many: fewer than `limit` were the last ones."""
        removed = 0
        for table in TABLES:
            if removed == limit:
                break
            result = self._session.connection().execute(_EMPTY[table.name], {"limit": limit - removed})
            removed += result.rowcount
        return removed
