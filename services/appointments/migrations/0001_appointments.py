"""Companies, connections to Retell and Cal.com, customers, calls, and the appointments that these lead to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "appointments_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "appointments"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_companies()
    _create_connections()
    _create_hosts()
    _create_event_types()
    _create_customers()
    _create_calls()
    _create_appointments()


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _create_companies() -> None:
    op.create_table(
        "companies",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("profile", postgresql.JSONB(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_companies")),
        schema=SCHEMA,
    )


def _create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("api_key", sa.LargeBinary()),
        sa.Column("webhook_secret", sa.LargeBinary()),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("synced_at", sa.DateTime(timezone=True)),
        sa.Column("bookings_seen_until", sa.DateTime(timezone=True)),
        sa.Column("calls_seen_until", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.Text()),
        sa.CheckConstraint("provider IN ('calcom', 'retell')", name=op.f("ck_connections_provider_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_connections_organisation_id",
        "connections",
        ["organisation_id", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _create_hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hosts")),
        sa.UniqueConstraint("number", name=op.f("uq_hosts_number")),
        sa.UniqueConstraint("organisation_id", "external_id", name=op.f("uq_hosts_organisation_id_external_id")),
        schema=SCHEMA,
    )


def _create_event_types() -> None:
    op.create_table(
        "event_types",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.BigInteger(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("length_minutes", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("host_id", sa.Uuid()),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["appointments.connections.id"], name=op.f("fk_event_types_connection_id_connections")
        ),
        sa.ForeignKeyConstraint(["host_id"], ["appointments.hosts.id"], name=op.f("fk_event_types_host_id_hosts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_types")),
        sa.UniqueConstraint("connection_id", "external_id", name=op.f("uq_event_types_connection_id_external_id")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_event_types_organisation_id"), "event_types", ["organisation_id"], schema=SCHEMA)


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("language", sa.Text()),
        sa.Column("time_zone", sa.Text()),
        sa.Column("merged_into", sa.Uuid()),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["appointments.customers.id"], name=op.f("fk_customers_merged_into_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_customers_email",
        "customers",
        ["organisation_id", "email"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("merged_into IS NULL AND email IS NOT NULL"),
    )
    op.create_index(op.f("ix_customers_merged_into"), "customers", ["merged_into"], schema=SCHEMA)
    op.create_index(
        "uq_customers_phone",
        "customers",
        ["organisation_id", "phone"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("merged_into IS NULL AND phone IS NOT NULL"),
    )


def _create_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text()),
        sa.Column("direction", sa.Text()),
        sa.Column("from_number", sa.Text()),
        sa.Column("to_number", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("disconnection_reason", sa.Text()),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("duration_ms", sa.BigInteger()),
        sa.Column("transcript", sa.Text()),
        sa.Column("recording_url", sa.Text()),
        sa.Column("summary", sa.Text()),
        sa.Column("sentiment", sa.Text()),
        sa.Column("variables", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("analysis", postgresql.JSONB()),
        sa.Column("ended_seen_at", sa.DateTime(timezone=True)),
        sa.Column("analysed_seen_at", sa.DateTime(timezone=True)),
        sa.Column("request", postgresql.JSONB()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("chain_id", sa.Uuid()),
        sa.Column("customer_id", sa.Uuid()),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["appointments.connections.id"], name=op.f("fk_calls_connection_id_connections")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["appointments.customers.id"], name=op.f("fk_calls_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("connection_id", "external_id", name=op.f("uq_calls_connection_id_external_id")),
        schema=SCHEMA,
    )
    op.create_index("ix_calls_organisation_id", "calls", ["organisation_id", "id"], schema=SCHEMA)
    op.create_index(
        "ix_calls_chain_id", "calls", ["chain_id"], schema=SCHEMA, postgresql_where=sa.text("chain_id IS NOT NULL")
    )
    op.create_index(op.f("ix_calls_customer_id"), "calls", ["customer_id"], schema=SCHEMA)


def _create_appointments() -> None:
    op.create_table(
        "appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid()),
        sa.Column("customer_id", sa.Uuid()),
        sa.Column("event_type_id", sa.Uuid()),
        sa.Column("host_number", sa.BigInteger()),
        sa.Column("shares_host", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("booking_uid", sa.Text()),
        sa.Column("booking_number", sa.BigInteger()),
        sa.Column("ical_uid", sa.Text()),
        sa.Column("sequence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("moves", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("meeting_url", sa.Text()),
        sa.Column("location", sa.Text()),
        sa.Column("is_paid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("wish", postgresql.JSONB()),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        _moment("created_at"),
        _moment("updated_at"),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(host_number, host_number, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text(
                "host_number IS NOT NULL AND NOT shares_host AND state IN ('booking', 'requested', 'booked')"
            ),
            using="gist",
            name="ex_appointments_host_number_starts_at",
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointments_ends_after_start")),
        sa.ForeignKeyConstraint(["call_id"], ["appointments.calls.id"], name=op.f("fk_appointments_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["appointments.connections.id"], name=op.f("fk_appointments_connection_id_connections")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["appointments.customers.id"], name=op.f("fk_appointments_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(
            ["event_type_id"], ["appointments.event_types.id"], name=op.f("fk_appointments_event_type_id_event_types")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("connection_id", "booking_uid", name=op.f("uq_appointments_connection_id_booking_uid")),
        schema=SCHEMA,
    )
    op.create_index("ix_appointments_organisation_id", "appointments", ["organisation_id", "id"], schema=SCHEMA)
    op.create_index(
        "ix_appointments_call_id",
        "appointments",
        ["call_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("call_id IS NOT NULL"),
    )
    op.create_index(
        "ix_appointments_ical_uid",
        "appointments",
        ["connection_id", "ical_uid"],
        schema=SCHEMA,
        postgresql_where=sa.text("ical_uid IS NOT NULL"),
    )
    op.create_index("ix_appointments_starts_at", "appointments", ["organisation_id", "starts_at"], schema=SCHEMA)
    op.create_index(op.f("ix_appointments_customer_id"), "appointments", ["customer_id"], schema=SCHEMA)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("appointments", "calls", "customers", "event_types", "hosts", "connections", "companies"):
        op.drop_table(table, schema=SCHEMA)
