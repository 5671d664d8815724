"""The log of what was heard: written once, and never changed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.reports.models import LoggedEventRow

_ADD = text(
    "INSERT INTO reports.event_log (message_id, kind, fields) VALUES (:message_id, :kind, CAST(:fields AS jsonb))"
    " ON CONFLICT (message_id) DO NOTHING RETURNING sequence"
)


@dataclass(frozen=True, slots=True)
class Part:
    """So many events in a row, the last of which has the number `last`."""

    last: int
    count: int


class EventLog:
    """The source of the projection."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, message_id: UUID, kind: str, fields: str) -> bool:
        """Write an event down, its `fields` as JSON; False where it is there already."""
        values = {"message_id": message_id, "kind": kind, "fields": fields}
        return self._session.execute(_ADD, values).scalar() is not None

    def extent(self) -> Part:
        """All of it, as far as it is committed."""
        query = select(func.coalesce(func.max(LoggedEventRow.sequence), 0), func.count())
        return Part(*self._session.execute(query).one())

    def part(self, after: int, until: int, count: int) -> Part:
        """The next `count` events behind number `after`, up to number `until`; fewer where there are no more."""
        number = LoggedEventRow.sequence
        these = select(number).where(number > after, number <= until).order_by(number).limit(count).subquery()
        query = select(func.coalesce(func.max(these.c.sequence), until), func.count())
        return Part(*self._session.execute(query.select_from(these)).one())
