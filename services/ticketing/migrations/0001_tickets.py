"""Events, ticket types with their stock, orders, tickets, check-ins."""

import sqlalchemy as sa
from alembic import op

revision = "ticketing_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_events()
    _create_event_keys()
    _create_ticket_types()
    _create_orders()
    _create_order_items()
    _create_tickets()
    _create_check_ins()


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("check_ins", "tickets", "order_items", "orders", "ticket_types", "event_keys", "events"):
        op.drop_table(table, schema="ticketing")


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("ends_at >= starts_at", name=op.f("ck_events_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        schema="ticketing",
    )
    op.create_index(
        "ix_events_organisation_id_id", "events", ["organisation_id", "id"], unique=False, schema="ticketing"
    )


def _create_event_keys() -> None:
    op.create_table(
        "event_keys",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["event_id"], ["ticketing.events.id"], name=op.f("fk_event_keys_event_id_events")),
        sa.PrimaryKeyConstraint("event_id", "key_id", name=op.f("pk_event_keys")),
        schema="ticketing",
    )


def _create_ticket_types() -> None:
    op.create_table(
        "ticket_types",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_per_order", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("max_per_order >= 1", name=op.f("ck_ticket_types_max_per_order_positive")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_ticket_types_price_not_negative")),
        sa.CheckConstraint("reserved BETWEEN 0 AND quantity", name=op.f("ck_ticket_types_reserved_within_quantity")),
        sa.ForeignKeyConstraint(["event_id"], ["ticketing.events.id"], name=op.f("fk_ticket_types_event_id_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_types")),
        schema="ticketing",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_ticket_types_event_id_id", "ticket_types", ["event_id", "id"], unique=False, schema="ticketing")


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("customer_email", sa.Text(), nullable=False),
        sa.Column("customer_phone", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status <> 'held' OR expires_at IS NOT NULL", name=op.f("ck_orders_hold_ends")),
        sa.CheckConstraint(
            "status IN ('held', 'paid', 'fulfilled', 'expired', 'cancelled', 'refunded')",
            name=op.f("ck_orders_status_known"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_orders_amount_not_negative")),
        sa.ForeignKeyConstraint(["event_id"], ["ticketing.events.id"], name=op.f("fk_orders_event_id_events")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_orders_organisation_id_number")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_orders_payment_id")),
        schema="ticketing",
    )
    op.create_index(
        "ix_orders_held",
        "orders",
        ["expires_at"],
        unique=False,
        schema="ticketing",
        postgresql_where=sa.text("status = 'held'"),
    )


def _create_order_items() -> None:
    op.create_table(
        "order_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_type_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_type", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_order_items_quantity_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["ticketing.orders.id"], name=op.f("fk_order_items_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["ticket_type_id"], ["ticketing.ticket_types.id"], name=op.f("fk_order_items_ticket_type_id_ticket_types")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_items")),
        sa.UniqueConstraint("order_id", "ticket_type_id", name=op.f("uq_order_items_order_id_ticket_type_id")),
        schema="ticketing",
    )


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("order_item_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_type", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("qr_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("state IN ('issued', 'redeemed', 'revoked')", name=op.f("ck_tickets_state_known")),
        sa.ForeignKeyConstraint(["event_id"], ["ticketing.events.id"], name=op.f("fk_tickets_event_id_events")),
        sa.ForeignKeyConstraint(["order_id"], ["ticketing.orders.id"], name=op.f("fk_tickets_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["ticketing.order_items.id"], name=op.f("fk_tickets_order_item_id_order_items")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("code", name=op.f("uq_tickets_code")),
        schema="ticketing",
    )
    op.create_index("ix_tickets_order_id_id", "tickets", ["order_id", "id"], unique=False, schema="ticketing")
    op.create_index(
        "ix_tickets_revoked",
        "tickets",
        ["event_id"],
        unique=False,
        schema="ticketing",
        postgresql_where=sa.text("state = 'revoked'"),
    )


def _create_check_ins() -> None:
    op.create_table(
        "check_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["event_id"], ["ticketing.events.id"], name=op.f("fk_check_ins_event_id_events")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticketing.tickets.id"], name=op.f("fk_check_ins_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ins")),
        sa.UniqueConstraint("event_id", "nonce", name=op.f("uq_check_ins_event_id_nonce")),
        schema="ticketing",
    )
    op.create_index(
        "uq_check_ins_first",
        "check_ins",
        ["ticket_id"],
        unique=True,
        schema="ticketing",
        postgresql_where=sa.text("first"),
    )
