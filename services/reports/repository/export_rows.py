"""The rows of each kind of export, read piece by piece, in the order of their columns (domain.columns)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.orm import Session

from services.reports.domain.exports import Filter, Kind
from services.reports.models import AppointmentRow, EventRow, OrderItemRow, OrderRow, PaymentRow, TicketRow
from shared.database.lists import is_one_of

_ORDER_STATUS: Final = case(
    (OrderRow.fulfilled_at.is_not(None), "fulfilled"),
    (OrderRow.paid_at.is_not(None), "paid"),
    (OrderRow.cancelled_at.is_not(None), "cancelled"),
    (OrderRow.expired_at.is_not(None), "expired"),
    else_="held",
)
"""A payment may come after the end of the hold, and the order is honoured then: so paid counts more than expired."""
_TICKET_STATUS: Final = case((TicketRow.checked_in_at.is_not(None), "checked_in"), else_="issued")
_FIRST_HEARD: Final = func.coalesce(
    *(OrderRow.placed_at, OrderRow.paid_at, OrderRow.fulfilled_at, OrderRow.expired_at, OrderRow.cancelled_at)
)
_TICKETS_OF_ORDER: Final = (
    select(func.sum(OrderItemRow.quantity).cast(OrderItemRow.quantity.type))
    .where(OrderItemRow.order_id == OrderRow.id)
    .correlate(OrderRow)
    .scalar_subquery()
)

Query = Select[*tuple[Any, ...]]


class ExportRows:
    """Give it the session of a snapshot: the count and the rows then agree."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, kind: Kind, organisation_id: UUID, chosen: Filter) -> int:
        """How many rows there are."""
        query = _QUERIES[kind](organisation_id, chosen).order_by(None)
        return self._session.scalar(select(func.count()).select_from(query.subquery())) or 0

    def pieces(
        self, kind: Kind, organisation_id: UUID, chosen: Filter, at_once: int
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """All rows, `at_once` of them at a time, through a cursor on the server."""
        query = _QUERIES[kind](organisation_id, chosen)
        result = self._session.execute(query.execution_options(stream_results=True, max_row_buffer=at_once))
        yield from result.partitions(at_once)


def _attendees(organisation_id: UUID, chosen: Filter) -> Query:
    query = (
        select(
            TicketRow.code,
            TicketRow.ticket_type,
            OrderRow.customer_name,
            OrderRow.customer_email,
            OrderRow.customer_phone,
            OrderRow.number,
            EventRow.name,
            EventRow.starts_at,
            _TICKET_STATUS,
            TicketRow.issued_at,
            TicketRow.checked_in_at,
        )
        .outerjoin(OrderRow, OrderRow.id == TicketRow.order_id)
        .outerjoin(EventRow, EventRow.id == TicketRow.event_id)
        .where(TicketRow.organisation_id == organisation_id)
        .order_by(TicketRow.id)
    )
    query = _of_event(query, TicketRow.event_id, chosen)
    query = _in_time(query, func.coalesce(TicketRow.issued_at, TicketRow.checked_in_at), chosen)
    return _of_status(query, _TICKET_STATUS, chosen)


def _orders(organisation_id: UUID, chosen: Filter) -> Query:
    query = (
        select(
            OrderRow.number,
            _ORDER_STATUS,
            EventRow.name,
            OrderRow.customer_name,
            OrderRow.customer_email,
            OrderRow.customer_phone,
            _TICKETS_OF_ORDER,
            OrderRow.amount,
            func.upper(OrderRow.currency),
            OrderRow.placed_at,
            OrderRow.paid_at,
            OrderRow.fulfilled_at,
            OrderRow.expired_at,
            OrderRow.cancelled_at,
        )
        .outerjoin(EventRow, EventRow.id == OrderRow.event_id)
        .where(OrderRow.organisation_id == organisation_id)
        .order_by(OrderRow.id)
    )
    query = _in_time(_of_event(query, OrderRow.event_id, chosen), _FIRST_HEARD, chosen)
    return _of_status(query, _ORDER_STATUS, chosen)


def _payments(organisation_id: UUID, chosen: Filter) -> Query:
    """Whose they are says their order: money for no order that is known is nobody's."""
    query = (
        select(
            PaymentRow.succeeded_at,
            PaymentRow.provider,
            PaymentRow.provider_reference,
            PaymentRow.amount,
            func.upper(PaymentRow.currency),
            OrderRow.number,
            EventRow.name,
            OrderRow.customer_name,
            OrderRow.customer_email,
        )
        .join(OrderRow, OrderRow.id == PaymentRow.order_id)
        .outerjoin(EventRow, EventRow.id == OrderRow.event_id)
        .where(OrderRow.organisation_id == organisation_id)
        .order_by(PaymentRow.succeeded_at, PaymentRow.id)
    )
    return _in_time(_of_event(query, OrderRow.event_id, chosen), PaymentRow.succeeded_at, chosen)


def _check_ins(organisation_id: UUID, chosen: Filter) -> Query:
    query = (
        select(
            TicketRow.checked_in_at,
            TicketRow.code,
            TicketRow.ticket_type,
            OrderRow.customer_name,
            OrderRow.customer_email,
            OrderRow.number,
            EventRow.name,
        )
        .outerjoin(OrderRow, OrderRow.id == TicketRow.order_id)
        .outerjoin(EventRow, EventRow.id == TicketRow.event_id)
        .where(TicketRow.organisation_id == organisation_id, TicketRow.checked_in_at.is_not(None))
        .order_by(TicketRow.checked_in_at, TicketRow.id)
    )
    return _in_time(_of_event(query, TicketRow.event_id, chosen), TicketRow.checked_in_at, chosen)


def _appointments(organisation_id: UUID, chosen: Filter) -> Query:
    query = (
        select(
            AppointmentRow.service,
            AppointmentRow.starts_at,
            AppointmentRow.ends_at,
            AppointmentRow.state,
            AppointmentRow.sequence,
            case((AppointmentRow.call_id.is_not(None), literal("yes")), else_=literal("no")),
            AppointmentRow.booked_at,
            AppointmentRow.cancelled_at,
            AppointmentRow.cancel_reason,
        )
        .where(AppointmentRow.organisation_id == organisation_id)
        .order_by(AppointmentRow.starts_at, AppointmentRow.id)
    )
    return _of_status(_in_time(query, AppointmentRow.starts_at, chosen), AppointmentRow.state, chosen)


def _of_event(query: Query, column: Any, chosen: Filter) -> Query:
    return query if chosen.event_id is None else query.where(column == chosen.event_id)


def _in_time(query: Query, moment: Any, chosen: Filter) -> Query:
    if chosen.since is not None:
        query = query.where(moment >= chosen.since)
    return query if chosen.until is None else query.where(moment < chosen.until)


def _of_status(query: Query, status: ColumnElement[Any] | Any, chosen: Filter) -> Query:
    return query.where(is_one_of(status, chosen.status)) if chosen.status else query


_QUERIES: Final[dict[Kind, Callable[[UUID, Filter], Query]]] = {
    Kind.ATTENDEES: _attendees,
    Kind.ORDERS: _orders,
    Kind.PAYMENTS: _payments,
    Kind.CHECK_INS: _check_ins,
    Kind.APPOINTMENTS: _appointments,
}
