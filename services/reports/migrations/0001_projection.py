"""The event log, its projection, rebuilds."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "reports_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "reports"
TABLES = (
    *("event_log", "rebuilds", "events", "orders", "order_items", "tickets", "payments", "appointments", "calls"),
    "notifications",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_event_log()
    _create_rebuilds()
    _create_events()
    _create_orders()
    _create_order_items()
    _create_tickets()
    _create_payments()
    _create_appointments()
    _create_calls()
    _create_notifications()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in reversed(TABLES):
        op.drop_table(table, schema=SCHEMA)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _zero(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _id(name: str = "id", *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), schema=SCHEMA)


def _create_event_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("sequence", sa.BigInteger(), sa.Identity(), nullable=False),
        _id("message_id"),
        _text("kind"),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        _now("recorded_at"),
        _key("event_log", "sequence"),
        sa.UniqueConstraint("message_id", name=op.f("uq_event_log_message_id")),
        schema=SCHEMA,
    )


def _create_rebuilds() -> None:
    op.create_table(
        "rebuilds",
        _id(),
        _text("state"),
        *(_zero(name) for name in ("reached", "until", "applied", "total")),
        _text("failure", nullable=True),
        _now("started_at"),
        _moment("emptied_at", nullable=True),
        _moment("finished_at", nullable=True),
        _key("rebuilds"),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_rebuilds_state_known")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_rebuilds_running",
        "rebuilds",
        [sa.text("(state)")],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'running'"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        _id(),
        _id("organisation_id"),
        _text("name"),
        _text("venue", nullable=True),
        _text("currency"),
        _moment("starts_at"),
        _moment("ends_at", nullable=True),
        _moment("created_at"),
        _key("events"),
        schema=SCHEMA,
    )
    _index("events", "organisation_id", "starts_at")


def _create_orders() -> None:
    op.create_table(
        "orders",
        _id(),
        _id("organisation_id"),
        _id("event_id"),
        _text("number"),
        *(_text(f"customer_{name}", nullable=True) for name in ("name", "email", "phone")),
        _number("amount", nullable=True),
        _text("currency", nullable=True),
        _id("payment_id", nullable=True),
        *(_moment(f"{what}_at", nullable=True) for what in ("placed", "paid", "fulfilled", "expired", "cancelled")),
        _key("orders"),
        schema=SCHEMA,
    )
    _index("orders", "organisation_id", "id")
    _index("orders", "event_id", "id")
    _index("orders", "payment_id")


def _create_order_items() -> None:
    op.create_table(
        "order_items",
        _id("order_id"),
        _id("ticket_type_id"),
        _text("ticket_type"),
        _number("quantity"),
        _number("unit_price"),
        _key("order_items", "order_id", "ticket_type_id"),
        schema=SCHEMA,
    )


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        _id(),
        _id("organisation_id"),
        _id("event_id"),
        _id("order_id"),
        _text("code"),
        _id("ticket_type_id", nullable=True),
        _text("ticket_type", nullable=True),
        _moment("issued_at", nullable=True),
        _moment("checked_in_at", nullable=True),
        _key("tickets"),
        schema=SCHEMA,
    )
    _index("tickets", "organisation_id", "id")
    _index("tickets", "event_id", "id")
    _index("tickets", "order_id")


def _create_payments() -> None:
    op.create_table(
        "payments",
        _id(),
        _id("order_id", nullable=True),
        _text("provider"),
        _text("provider_reference"),
        _number("amount"),
        _text("currency"),
        _moment("succeeded_at"),
        _key("payments"),
        schema=SCHEMA,
    )
    _index("payments", "order_id")


def _create_appointments() -> None:
    op.create_table(
        "appointments",
        _id(),
        _id("organisation_id"),
        _id("call_id", nullable=True),
        _id("customer_id", nullable=True),
        _moment("told_at"),
        _text("state"),
        _number("sequence"),
        _moment("starts_at"),
        _moment("ends_at"),
        _text("service"),
        _moment("booked_at", nullable=True),
        _moment("cancelled_at", nullable=True),
        _text("cancel_reason", nullable=True),
        _key("appointments"),
        schema=SCHEMA,
    )
    _index("appointments", "organisation_id", "id")


def _create_calls() -> None:
    op.create_table(
        "calls",
        _id(),
        _id("organisation_id"),
        _text("outcome"),
        _moment("started_at"),
        _moment("handled_at"),
        _key("calls"),
        schema=SCHEMA,
    )
    _index("calls", "organisation_id", "started_at")


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        _id(),
        _id("organisation_id", nullable=True),
        _text("channel"),
        _text("template"),
        _text("state"),
        _moment("ended_at"),
        _key("notifications"),
        schema=SCHEMA,
    )
    _index("notifications", "organisation_id", "ended_at")
