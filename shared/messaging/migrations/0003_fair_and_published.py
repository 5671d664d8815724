"""Who waits for whom in the outbox, what was published, who works, what runs, and indexes for journeys."""

import sqlalchemy as sa
from alembic import op

revision = "messaging_0003"
down_revision = "messaging_0002"
branch_labels = None
depends_on = None

NOBODY = "'00000000-0000-0000-0000-000000000000'"
JOURNEYS = ("inbox", "scheduled", "failed_job", "chain", "batch")

PUBLISHED = """
CREATE TABLE messaging.published (
    id bigint NOT NULL,
    message_id uuid NOT NULL,
    kind text NOT NULL,
    is_event boolean NOT NULL,
    queue text,
    turn bigint NOT NULL,
    fairness_key uuid NOT NULL,
    organisation_id uuid,
    correlation_id uuid,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
) PARTITION BY RANGE (published_at)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _fair_outbox()
    op.execute(PUBLISHED)
    op.execute("CREATE INDEX ix_published_message_id ON messaging.published (message_id)")
    op.execute("CREATE INDEX ix_published_correlation_id ON messaging.published (correlation_id)")
    op.execute("CREATE TABLE messaging.published_default PARTITION OF messaging.published DEFAULT")
    op.add_column(
        "subscription",
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        schema="messaging",
    )
    op.add_column("subscription", sa.Column("until", sa.DateTime(timezone=True), nullable=True), schema="messaging")
    _workers()
    for table in JOURNEYS:
        op.create_index(op.f(f"ix_{table}_correlation_id"), table, ["correlation_id"], unique=False, schema="messaging")


def _fair_outbox() -> None:
    for table in ("outbox", "scheduled"):
        op.add_column(
            table,
            sa.Column("fairness_key", sa.Uuid(), server_default=sa.text(NOBODY), nullable=False),
            schema="messaging",
        )
    op.add_column(
        "outbox", sa.Column("turn", sa.BigInteger(), server_default=sa.text("1"), nullable=False), schema="messaging"
    )
    op.add_column("outbox", sa.Column("organisation_id", sa.Uuid(), nullable=True), schema="messaging")
    op.add_column("outbox", sa.Column("correlation_id", sa.Uuid(), nullable=True), schema="messaging")
    op.add_column(
        "outbox",
        sa.Column("destination", sa.Text(), sa.Computed("COALESCE(queue, kind)", persisted=True), nullable=False),
        schema="messaging",
    )
    op.drop_index("ix_outbox_fresh", table_name="outbox", schema="messaging")
    op.create_index(
        "ix_outbox_fair",
        "outbox",
        ["destination", "fairness_key", "id"],
        unique=False,
        schema="messaging",
        postgresql_where=sa.text("not_before IS NULL"),
    )
    op.create_index(
        op.f("ix_scheduled_fairness_key_due_at"),
        "scheduled",
        ["fairness_key", "due_at"],
        unique=False,
        schema="messaging",
    )


def _workers() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("queues", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("threads", sa.BigInteger(), nullable=False),
        sa.Column("prefetch", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        schema="messaging",
    )
    op.create_table(
        "running",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "service", name=op.f("pk_running")),
        schema="messaging",
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    for table in reversed(JOURNEYS):
        op.drop_index(op.f(f"ix_{table}_correlation_id"), table_name=table, schema="messaging")
    op.drop_table("running", schema="messaging")
    op.drop_table("worker", schema="messaging")
    op.drop_column("subscription", "until", schema="messaging")
    op.drop_column("subscription", "since", schema="messaging")
    op.execute("DROP TABLE messaging.published")
    op.drop_index(op.f("ix_scheduled_fairness_key_due_at"), table_name="scheduled", schema="messaging")
    op.drop_index("ix_outbox_fair", table_name="outbox", schema="messaging")
    op.create_index(
        "ix_outbox_fresh",
        "outbox",
        ["id"],
        unique=False,
        schema="messaging",
        postgresql_where=sa.text("not_before IS NULL"),
    )
    for column in ("destination", "correlation_id", "organisation_id", "turn", "fairness_key"):
        op.drop_column("outbox", column, schema="messaging")
    op.drop_column("scheduled", "fairness_key", schema="messaging")
