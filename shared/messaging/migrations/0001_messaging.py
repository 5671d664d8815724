"""The tables of messaging"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "messaging_0001"
down_revision = None
branch_labels = None
depends_on = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        schema="messaging",
    )
    op.create_index(op.f("ix_attempt_ended_at"), "attempt", ["ended_at"], unique=False, schema="messaging")
    op.create_index(op.f("ix_attempt_message_id"), "attempt", ["message_id"], unique=False, schema="messaging")
    op.create_table(
        "failed_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("error_type", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolution_note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_job")),
        schema="messaging",
    )
    op.create_index(op.f("ix_failed_job_message_id"), "failed_job", ["message_id"], unique=False, schema="messaging")
    op.create_index(
        "ix_failed_job_open",
        "failed_job",
        ["failed_at"],
        unique=False,
        schema="messaging",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "inbox",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=True),
        sa.Column("causation_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.PrimaryKeyConstraint("message_id", "service", name=op.f("pk_inbox")),
        schema="messaging",
    )
    op.create_table(
        "lease",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unknown", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "service", name=op.f("pk_lease")),
        schema="messaging",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_event", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusals", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        schema="messaging",
        postgresql_with={"autovacuum_vacuum_scale_factor": "0", "autovacuum_vacuum_threshold": "5000"},
    )
    op.create_index(
        "ix_outbox_fresh",
        "outbox",
        ["id"],
        unique=False,
        schema="messaging",
        postgresql_where=sa.text("not_before IS NULL"),
    )
    op.create_index(
        "ix_outbox_refused",
        "outbox",
        ["not_before"],
        unique=False,
        schema="messaging",
        postgresql_where=sa.text("not_before IS NOT NULL"),
    )
    op.create_table(
        "scheduled",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_event", sa.Boolean(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled")),
        schema="messaging",
    )
    op.create_index(op.f("ix_scheduled_due_at"), "scheduled", ["due_at"], unique=False, schema="messaging")
    op.create_index(op.f("ix_scheduled_message_id"), "scheduled", ["message_id"], unique=False, schema="messaging")
    op.create_table(
        "subscription",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("is_event", sa.Boolean(), nullable=False),
        sa.Column("on_failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("service", "kind", name=op.f("pk_subscription")),
        schema="messaging",
    )
    op.create_table(
        "tick",
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("schedule", "due_at", name=op.f("pk_tick")),
        schema="messaging",
    )
    op.create_table(
        "unfinished_start",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("message_id", "service", name=op.f("pk_unfinished_start")),
        schema="messaging",
    )


def downgrade() -> None:
    op.drop_table("unfinished_start", schema="messaging")
    op.drop_table("tick", schema="messaging")
    op.drop_table("subscription", schema="messaging")
    op.drop_index(op.f("ix_scheduled_message_id"), table_name="scheduled", schema="messaging")
    op.drop_index(op.f("ix_scheduled_due_at"), table_name="scheduled", schema="messaging")
    op.drop_table("scheduled", schema="messaging")
    op.drop_index(
        "ix_outbox_refused", table_name="outbox", schema="messaging", postgresql_where=sa.text("not_before IS NOT NULL")
    )
    op.drop_index(
        "ix_outbox_fresh", table_name="outbox", schema="messaging", postgresql_where=sa.text("not_before IS NULL")
    )
    op.drop_table("outbox", schema="messaging")
    op.drop_table("lease", schema="messaging")
    op.drop_table("inbox", schema="messaging")
    op.drop_index(
        "ix_failed_job_open",
        table_name="failed_job",
        schema="messaging",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_index(op.f("ix_failed_job_message_id"), table_name="failed_job", schema="messaging")
    op.drop_table("failed_job", schema="messaging")
    op.drop_index(op.f("ix_attempt_message_id"), table_name="attempt", schema="messaging")
    op.drop_index(op.f("ix_attempt_ended_at"), table_name="attempt", schema="messaging")
    op.drop_table("attempt", schema="messaging")
