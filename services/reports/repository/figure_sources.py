"""From which rows of the projection each daily figure is counted, and on which moment's day it counts."""

# ruff: noqa: S608 - what is put together here are constants of this module

from dataclasses import dataclass

OVER = "coalesce({0}.ends_at, {0}.starts_at + interval '12 hours')"
"""When an event is over. One whose end nobody named is over twelve hours after its beginning."""

_ORDERS = "reports.orders AS it"
_APPOINTMENTS = "reports.appointments AS it"
_TICKETS = "reports.tickets AS it"
_PAYMENTS = """(
    SELECT orders.organisation_id, payments.* FROM reports.orders JOIN reports.payments ON payments.order_id = orders.id
    WHERE orders.organisation_id = :organisation
    UNION
    SELECT orders.organisation_id, payments.* FROM reports.orders JOIN reports.payments ON payments.id = orders.payment_id
    WHERE orders.organisation_id = :organisation
) AS it"""


@dataclass(frozen=True, slots=True)
class Source:
    """`it` is the row with the organisation. A row whose moment is null counts on no day."""

    figure: str
    moment: str
    rows: str
    dimension: str = "''"
    label: str = "''"
    currency: str = "''"
    count: str = "1"
    amount: str = "0"
    only: str = "true"


SOURCES = (
    Source("orders_placed", "it.placed_at", _ORDERS),
    Source("orders_paid", "it.paid_at", _ORDERS),
    Source("orders_expired", "it.expired_at", _ORDERS, only="it.paid_at IS NULL"),
    Source("orders_cancelled", "it.cancelled_at", _ORDERS),
    Source("revenue", "it.paid_at", _ORDERS, currency="it.currency", amount="it.amount", only="it.amount > 0"),
    Source(
        "tickets_sold",
        "it.paid_at",
        f"{_ORDERS} JOIN reports.order_items AS item ON item.order_id = it.id",
        dimension="item.ticket_type_id::text",
        label="item.ticket_type",
        currency="coalesce(it.currency, '')",
        count="item.quantity",
        amount="item.quantity * item.unit_price",
    ),
    Source(
        "check_ins",
        "it.checked_in_at",
        f"{_TICKETS} LEFT JOIN reports.events AS event ON event.id = it.event_id",
        dimension="it.event_id::text",
        label="coalesce(event.name, '')",
    ),
    Source(
        "no_shows",
        "event.starts_at",
        f"{_TICKETS} JOIN reports.events AS event ON event.id = it.event_id",
        dimension="it.event_id::text",
        label="event.name",
        only=f"it.issued_at IS NOT NULL AND it.checked_in_at IS NULL AND {OVER.format('event')} <= :now",
    ),
    Source(
        "payments",
        "it.succeeded_at",
        _PAYMENTS,
        dimension="it.provider",
        label="it.provider",
        currency="it.currency",
        amount="it.amount",
    ),
    Source("notifications", "it.ended_at", "reports.notifications AS it", dimension="it.channel || ':' || it.state"),
    Source("calls", "it.started_at", "reports.calls AS it", dimension="it.outcome"),
    Source("appointments_booked", "it.booked_at", _APPOINTMENTS),
    Source("appointments_cancelled", "it.cancelled_at", _APPOINTMENTS),
    Source("appointments_from_calls", "it.booked_at", _APPOINTMENTS, only="it.call_id IS NOT NULL"),
)


def day_of(moment: str) -> str:
    """The day of a moment on the organisation's clock."""
    return f"({moment} AT TIME ZONE :zone)::date"


def counting(source: Source) -> str:
    """What counts one figure of an organisation: of all its days, or of those in `:days`."""
    return f"""SELECT CAST(:organisation AS uuid), day, '{source.figure}', dimension, currency, max(label),
        sum(count)::bigint, sum(amount)::bigint
    FROM (
        SELECT {day_of(source.moment)} AS day, {source.dimension} AS dimension, {source.currency} AS currency,
            {source.label} AS label, {source.count} AS count, {source.amount} AS amount
        FROM {source.rows}
        WHERE it.organisation_id = :organisation AND {source.moment} IS NOT NULL AND {source.only}
    ) AS counted
    WHERE :all_days OR day = ANY(CAST(:days AS date[]))
    GROUP BY day, dimension, currency"""
