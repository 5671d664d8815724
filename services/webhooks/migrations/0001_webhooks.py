"""Inbound events; endpoints, outbound messages, their deliveries and the attempts at these."""

import sqlalchemy as sa
from alembic import op

revision = "webhooks_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "webhooks"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_inbound_events()
    _create_endpoints()
    _create_outbound_messages()
    _create_deliveries()
    _create_attempts()


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _create_inbound_events() -> None:
    op.create_table(
        "inbound_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _moment("received_at"),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("storage_key", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_events")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_inbound_events_source_external_id")),
        sa.CheckConstraint("(body IS NULL) <> (storage_key IS NULL)", name=op.f("ck_inbound_events_body_somewhere")),
        schema=SCHEMA,
    )


def _create_endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.ARRAY(sa.Text())),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text()),
        _moment("created_at"),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_endpoints_organisation_id"),
        "endpoints",
        ["organisation_id", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_outbound_messages() -> None:
    op.create_table(
        "outbound_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_outbound_messages_key")),
        schema=SCHEMA,
    )
    op.create_index(
        op.f("ix_outbound_messages_organisation_id"), "outbound_messages", ["organisation_id", "id"], schema=SCHEMA
    )


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _moment("created_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("endpoint_id", "message_id", name=op.f("uq_deliveries_endpoint_id_message_id")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhooks.endpoints.id"], name=op.f("fk_deliveries_endpoint_id_endpoints")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["webhooks.outbound_messages.id"], name=op.f("fk_deliveries_message_id_outbound_messages")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'failed', 'skipped')", name=op.f("ck_deliveries_state_known")
        ),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_deliveries_endpoint_id_id"), "deliveries", ["endpoint_id", "id"], schema=SCHEMA)
    op.create_index(op.f("ix_deliveries_message_id"), "deliveries", ["message_id"], schema=SCHEMA)
    op.create_index(
        op.f("ix_deliveries_pending"),
        "deliveries",
        ["endpoint_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'pending'"),
    )


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("status", sa.BigInteger()),
        sa.Column("response", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("duration_ms", sa.BigInteger()),
        _moment("made_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_attempts_delivery_id_number")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhooks.deliveries.id"], name=op.f("fk_attempts_delivery_id_deliveries")
        ),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("attempts", "deliveries", "outbound_messages", "endpoints", "inbound_events"):
        op.drop_table(table, schema=SCHEMA)
