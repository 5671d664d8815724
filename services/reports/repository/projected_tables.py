"""Which events fill which columns of the projection, and how what is told twice, late or out of order is merged.

Each column takes the greatest or the least of all that was ever told of it, nulls aside: merging is commutative,
associative and idempotent, so the same events lead to the same rows, however they come. Columns that change their
meaning together are a *word*: of all words, the greatest is taken whole, and it begins with the moment of the telling.
"""

# ruff: noqa: S608 - what is put together here are constants of this package

from collections.abc import Mapping
from dataclasses import dataclass, field

MOMENTS_OF_ORDER = ("placed_at", "paid_at", "fulfilled_at", "expired_at", "cancelled_at")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `field` is the field of the events that it is read from, its own name unless said."""

    name: str
    type: str = "text"
    field: str = ""
    least: bool = False

    @property
    def expression(self) -> str:
        """How it is read from an event `told`, as text where it is an id: ids have no max() before PostgreSQL 18."""
        text = f"told.fields ->> '{self.field or self.name}'"
        return text if self.type in {"text", "uuid"} else f"({text})::{self.type}"

    @property
    def is_id(self) -> bool:
        return self.type == "uuid"


@dataclass(frozen=True, slots=True)
class Source:
    """Events that are read alike. With `each` a row for each element of that field, which is called `one`.

    `instead` has the expressions of columns that are not read as the column says.
    """

    kinds: tuple[str, ...]
    each: str = ""
    instead: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the projection. `marks` selects organisation and moment of what has become stale with the `written`
    rows, and with `earlier`, the same rows as they were before, where words replace each other.
    """

    name: str
    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    key: tuple[str, ...] = ("id",)
    words: tuple[tuple[str, ...], ...] = ()
    marks: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for source in self.sources for kind in source.kinds)


def _id(name: str, of: str = "") -> Column:
    return Column(name, "uuid", of)


def _moment(name: str, *, least: bool = False) -> Column:
    return Column(name, "timestamptz", least=least)


def _number(name: str) -> Column:
    return Column(name, "bigint")


def _moments(rows: str, *names: str) -> str:
    """Marks of these moments of these rows."""
    values = ", ".join(f"({rows}.{name})" for name in names)
    return f"SELECT {rows}.organisation_id, moment FROM {rows} CROSS JOIN LATERAL (VALUES {values}) AS its(moment)"


EVENTS = Table(
    name="events",
    columns=(
        *(_id("id", "event_id"), _id("organisation_id"), Column("name"), Column("venue"), Column("currency")),
        *(_moment("starts_at"), _moment("ends_at"), _moment("created_at")),
    ),
    sources=(Source(("ticketing.event.created",)),),
    marks=_moments("written", "starts_at", "ends_at", "created_at"),
)

ORDERS = Table(
    name="orders",
    columns=(
        *(_id("id", "order_id"), _id("organisation_id"), _id("event_id"), Column("number")),
        *(Column("customer_name"), Column("customer_email"), Column("customer_phone")),
        *(_number("amount"), Column("currency"), _id("payment_id")),
        *(_moment(name) for name in MOMENTS_OF_ORDER),
    ),
    sources=(
        Source(tuple(f"ticketing.order.{verb}" for verb in ("placed", "paid", "fulfilled", "expired", "cancelled"))),
    ),
    marks=f"""{_moments("written", *MOMENTS_OF_ORDER)}
    UNION ALL
    SELECT written.organisation_id, payments.succeeded_at
    FROM written JOIN reports.payments ON payments.order_id = written.id
    UNION ALL
    SELECT written.organisation_id, payments.succeeded_at
    FROM written JOIN reports.payments ON payments.id = written.payment_id""",
)

ORDER_ITEMS = Table(
    name="order_items",
    key=("order_id", "ticket_type_id"),
    columns=(
        *(_id("order_id"), _id("ticket_type_id"), Column("ticket_type"), _number("quantity"), _number("unit_price")),
    ),
    sources=(
        Source(
            ("ticketing.order.placed",),
            each="items",
            instead={
                "ticket_type_id": "one ->> 'ticket_type_id'",
                "ticket_type": "one ->> 'ticket_type'",
                "quantity": "(one ->> 'quantity')::bigint",
                "unit_price": "(one ->> 'unit_price')::bigint",
            },
        ),
    ),
)

TICKETS = Table(
    name="tickets",
    columns=(
        *(_id("id", "ticket_id"), _id("organisation_id"), _id("event_id"), _id("order_id"), Column("code")),
        *(_id("ticket_type_id"), Column("ticket_type"), _moment("issued_at"), _moment("checked_in_at", least=True)),
    ),
    sources=(
        Source(
            ("ticketing.order.tickets_issued",),
            each="tickets",
            instead={
                "id": "one ->> 'id'",
                "code": "one ->> 'code'",
                "ticket_type_id": "one ->> 'ticket_type_id'",
                "ticket_type": "one ->> 'ticket_type'",
            },
        ),
        Source(("ticketing.ticket.checked_in",)),
    ),
    marks=f"""{_moments("written", "issued_at", "checked_in_at")}
    UNION ALL
    SELECT written.organisation_id, events.starts_at
    FROM written JOIN reports.events ON events.id = written.event_id""",
)

PAYMENTS = Table(
    name="payments",
    columns=(
        *(_id("id", "payment_id"), _id("order_id"), Column("provider"), Column("provider_reference")),
        *(_number("amount"), Column("currency"), _moment("succeeded_at")),
    ),
    sources=(Source(("payments.payment.succeeded",)),),
    marks="""SELECT orders.organisation_id, written.succeeded_at AS moment
    FROM written JOIN reports.orders ON orders.id = written.order_id
    UNION ALL
    SELECT orders.organisation_id, written.succeeded_at
    FROM written JOIN reports.orders ON orders.payment_id = written.id""",
)

_TOLD_AT = "coalesce(told.fields ->> 'booked_at', told.fields ->> 'rescheduled_at', told.fields ->> 'cancelled_at')"
_MOMENTS_OF_APPOINTMENT = ("starts_at", "booked_at", "cancelled_at")

APPOINTMENTS = Table(
    name="appointments",
    columns=(
        *(_id("id", "appointment_id"), _id("organisation_id"), _id("call_id"), _id("customer_id")),
        *(_moment("told_at"), Column("state"), _number("sequence")),
        *(_moment("starts_at"), _moment("ends_at"), Column("service")),
        *(_moment("booked_at", least=True), _moment("cancelled_at"), Column("cancel_reason", field="reason")),
    ),
    sources=(
        Source(
            tuple(f"appointments.appointment.{verb}" for verb in ("booked", "rescheduled", "cancelled")),
            instead={
                "told_at": f"({_TOLD_AT})::timestamptz",
                "state": "CASE WHEN told.fields ? 'cancelled_at' THEN 'cancelled' ELSE 'booked' END",
                "sequence": "coalesce((told.fields ->> 'sequence')::bigint, 0)",
            },
        ),
    ),
    words=(
        ("told_at", "state", "sequence", "starts_at", "ends_at", "service"),
        ("cancelled_at", "cancel_reason"),
    ),
    marks=f"""{_moments("written", *_MOMENTS_OF_APPOINTMENT)}
    UNION ALL
    {_moments("earlier", *_MOMENTS_OF_APPOINTMENT)}""",
)

CALLS = Table(
    name="calls",
    columns=(
        *(_id("id", "call_id"), _id("organisation_id")),
        *(_moment("handled_at"), Column("outcome"), _moment("started_at")),
    ),
    sources=(Source(("appointments.call.handled",)),),
    words=(("handled_at", "outcome", "started_at"),),
    marks=f"""{_moments("written", "started_at", "handled_at")}
    UNION ALL
    {_moments("earlier", "started_at", "handled_at")}""",
)

NOTIFICATIONS = Table(
    name="notifications",
    columns=(
        *(_id("id", "notification_id"), _id("organisation_id")),
        *(_moment("ended_at"), Column("state"), Column("channel"), Column("template")),
    ),
    sources=(Source(("notifications.notification.ended",)),),
    words=(("ended_at", "state", "channel", "template"),),
    marks=f"""{_moments("written", "ended_at")}
    UNION ALL
    {_moments("earlier", "ended_at")}""",
)

TABLES = (EVENTS, ORDERS, ORDER_ITEMS, TICKETS, PAYMENTS, APPOINTMENTS, CALLS, NOTIFICATIONS)
"""In the order in which every transaction writes them."""

KINDS = frozenset(kind for table in TABLES for kind in table.kinds)
"""The events that the projection is made of."""
