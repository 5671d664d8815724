"""Statistics of one event (a concert, say), from the projection, and what was computed of them last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.reports.domain.event_statistics import Counted
from services.reports.models import EventReportRow, EventRow

_ORDERS = text("""
SELECT count(placed_at) AS placed, count(paid_at) AS paid, count(cancelled_at) AS cancelled,
       count(*) FILTER (WHERE expired_at IS NOT NULL AND paid_at IS NULL) AS expired,
       count(DISTINCT lower(customer_email)) FILTER (WHERE paid_at IS NOT NULL) AS customers
FROM reports.orders WHERE event_id = :event_id
""")
_REVENUE = text("""
SELECT currency, sum(amount)::bigint AS amount FROM reports.orders
WHERE event_id = :event_id AND paid_at IS NOT NULL AND currency IS NOT NULL GROUP BY currency ORDER BY currency
""")
_TICKET_TYPES = text("""
WITH sold AS (
    SELECT it.ticket_type_id, max(it.ticket_type) AS name, sum(it.quantity)::bigint AS sold,
           sum(it.quantity * it.unit_price)::bigint AS amount
    FROM reports.order_items AS it JOIN reports.orders ON orders.id = it.order_id
    WHERE orders.event_id = :event_id AND orders.paid_at IS NOT NULL GROUP BY it.ticket_type_id
), issued AS (
    SELECT ticket_type_id, max(ticket_type) AS name, count(issued_at) AS issued, count(checked_in_at) AS checked_in
    FROM reports.tickets WHERE event_id = :event_id GROUP BY ticket_type_id
)
SELECT ticket_type_id, coalesce(sold.name, issued.name) AS name, coalesce(sold.sold, 0) AS sold,
       coalesce(sold.amount, 0) AS amount, coalesce(issued.issued, 0) AS issued, coalesce(issued.checked_in, 0) AS checked_in
FROM sold FULL JOIN issued USING (ticket_type_id) ORDER BY name, ticket_type_id
""")
_TICKETS = text("""
SELECT count(issued_at) AS issued, count(checked_in_at) AS checked_in,
       min(checked_in_at) AS first_check_in_at, max(checked_in_at) AS last_check_in_at
FROM reports.tickets WHERE event_id = :event_id
""")
_SALES = text("""
SELECT date_trunc('day', paid_at, 'UTC')::date AS day, count(*) AS orders, sum(amount)::bigint AS amount
FROM reports.orders WHERE event_id = :event_id AND paid_at IS NOT NULL GROUP BY 1 ORDER BY 1
""")
_CHECK_INS = text("""
SELECT date_trunc('hour', checked_in_at, 'UTC') AS hour, count(*) AS count
FROM reports.tickets WHERE event_id = :event_id AND checked_in_at IS NOT NULL GROUP BY 1 ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event, as far as its statistics need it."""

    id: UUID
    organisation_id: UUID
    starts_at: datetime
    ends_at: datetime | None

    @property
    def over_at(self) -> datetime:
        """One whose end nobody named is over twelve hours after its beginning, as in the figures."""
        return self.ends_at or self.starts_at + timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class EventReport:
    """The statistics of an event as they were computed last."""

    event_id: UUID
    statistics: Mapping[str, Any]
    computed_at: datetime


class EventData:
    """Events and what became of their tickets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def event(self, event_id: UUID, organisation_id: UUID | None = None) -> EventFacts | None:
        """An event, where one is given of this organisation only; None where it is not known."""
        query = select(EventRow.id, EventRow.organisation_id, EventRow.starts_at, EventRow.ends_at)
        query = query.where(EventRow.id == event_id)
        if organisation_id is not None:
            query = query.where(EventRow.organisation_id == organisation_id)
        row = self._session.execute(query).one_or_none()
        return None if row is None else EventFacts(*row)

    def count(self, event_id: UUID) -> Counted:
        """Count orders, money, tickets and check-ins of an event."""
        orders, tickets, revenue, types, sales, check_ins = (
            [dict(row) for row in self._session.execute(query, {"event_id": event_id}).mappings()]
            for query in (_ORDERS, _TICKETS, _REVENUE, _TICKET_TYPES, _SALES, _CHECK_INS)
        )
        return Counted(orders[0], tickets[0], revenue, types, sales, check_ins)

    def keep(self, event: EventFacts, statistics: Mapping[str, Any]) -> None:
        """Write the statistics of an event down, instead of earlier ones."""
        values = {"statistics": dict(statistics), "computed_at": func.clock_timestamp()}
        statement = insert(EventReportRow).values(event_id=event.id, organisation_id=event.organisation_id, **values)
        self._session.execute(statement.on_conflict_do_update(index_elements=[EventReportRow.event_id], set_=values))

    def report(self, event_id: UUID, organisation_id: UUID) -> EventReport | None:
        """What was computed last; None where nothing was, or the event is another organisation's."""
        query = select(EventReportRow.event_id, EventReportRow.statistics, EventReportRow.computed_at).where(
            EventReportRow.event_id == event_id, EventReportRow.organisation_id == organisation_id
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else EventReport(*row)
