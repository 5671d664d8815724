"""Limits, unique keys, chains, batches, debouncing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "messaging_0002"
down_revision = "messaging_0001"
branch_labels = None
depends_on = None

CLAIM_DONE = """
CREATE FUNCTION messaging.claim_done(
    message uuid, consumer text, message_kind text, message_turn bigint, correlation uuid, causation uuid, organisation uuid,
    lock_key bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(lock_key) THEN
        RETURN false;
    END IF;
    INSERT INTO messaging.inbox AS known
        (message_id, service, kind, status, turn, attempts, correlation_id, causation_id, organisation_id)
    VALUES (message, consumer, message_kind, 'done', message_turn, 1, correlation, causation, organisation)
    ON CONFLICT (message_id, service) DO UPDATE
        SET status = 'done', turn = excluded.turn, attempts = known.attempts + 1, finished_at = now()
        WHERE known.status IN ('waiting', 'calling') AND known.turn <= excluded.turn;
    RETURN FOUND;
END $$
"""
CLAIM_ALL = """
CREATE FUNCTION messaging.claim_all(
    consumer text, message_kind text, messages uuid[], turns bigint[], correlations uuid[], causations uuid[],
    organisations uuid[], lock_keys bigint[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    claimed bigint;
BEGIN
    IF NOT (SELECT bool_and(pg_try_advisory_xact_lock(lock_key)) FROM unnest(lock_keys) AS lock_key) THEN
        RETURN false;
    END IF;
    INSERT INTO messaging.inbox AS known
        (message_id, service, kind, status, turn, attempts, correlation_id, causation_id, organisation_id)
    SELECT one.message, consumer, message_kind, 'done', one.turn, 1, one.correlation, one.causation, one.organisation
    FROM unnest(messages, turns, correlations, causations, organisations)
        AS one (message, turn, correlation, causation, organisation)
    ON CONFLICT (message_id, service) DO UPDATE
        SET status = 'done', turn = excluded.turn, attempts = known.attempts + 1, finished_at = now()
        WHERE known.status IN ('waiting', 'calling') AND known.turn <= excluded.turn;
    GET DIAGNOSTICS claimed = ROW_COUNT;
    RETURN claimed = cardinality(messages);
END $$
"""
BATCH_IS_CANCELLED = """
CREATE FUNCTION messaging.batch_is_cancelled(batch uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    its_state text;
BEGIN
    WHILE batch IS NOT NULL LOOP
        SELECT state, parent_id INTO its_state, batch FROM messaging.batch AS known WHERE known.id = batch;
        IF its_state = 'cancelled' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute(CLAIM_DONE)
    op.execute(CLAIM_ALL)
    op.execute(BATCH_IS_CANCELLED)
    op.create_table(
        "batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("allow_failures", sa.Boolean(), nullable=False),
        sa.Column("caught", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("callbacks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("parent_shard", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=True),
        sa.Column("causation_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        schema="messaging",
    )
    op.create_index(op.f("ix_batch_finished_at"), "batch", ["finished_at"], unique=False, schema="messaging")
    op.create_table(
        "batch_failure",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "member_id", name=op.f("pk_batch_failure")),
        schema="messaging",
    )
    op.create_table(
        "batch_shard",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("shard", sa.Uuid(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "shard", name=op.f("pk_batch_shard")),
        schema="messaging",
    )
    op.create_table(
        "breaker",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_breaker")),
        schema="messaging",
    )
    op.create_table(
        "chain",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("results", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("catch", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("batch_shard", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=True),
        sa.Column("causation_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain")),
        schema="messaging",
    )
    op.create_index(op.f("ix_chain_finished_at"), "chain", ["finished_at"], unique=False, schema="messaging")
    op.create_table(
        "place",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("key", "message_id", "service", name=op.f("pk_place")),
        schema="messaging",
    )
    op.create_table(
        "rate_limit",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("tat", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limit")),
        schema="messaging",
    )
    op.create_table(
        "unique_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_unique_key")),
        schema="messaging",
    )
    op.create_index(op.f("ix_unique_key_expires_at"), "unique_key", ["expires_at"], unique=False, schema="messaging")
    op.add_column(
        "inbox",
        sa.Column("exceptions", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        schema="messaging",
    )
    op.add_column("scheduled", sa.Column("debounce_key", sa.Text(), nullable=True), schema="messaging")
    op.add_column("scheduled", sa.Column("latest_at", sa.DateTime(timezone=True), nullable=True), schema="messaging")
    op.create_index(
        "uq_scheduled_debounce_key",
        "scheduled",
        ["debounce_key"],
        unique=True,
        schema="messaging",
        postgresql_where=sa.text("debounce_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION messaging.batch_is_cancelled")
    op.execute("DROP FUNCTION messaging.claim_all")
    op.execute("DROP FUNCTION messaging.claim_done")
    op.drop_index(
        "uq_scheduled_debounce_key",
        table_name="scheduled",
        schema="messaging",
        postgresql_where=sa.text("debounce_key IS NOT NULL"),
    )
    op.drop_column("scheduled", "latest_at", schema="messaging")
    op.drop_column("scheduled", "debounce_key", schema="messaging")
    op.drop_column("inbox", "exceptions", schema="messaging")
    op.drop_index(op.f("ix_unique_key_expires_at"), table_name="unique_key", schema="messaging")
    op.drop_table("unique_key", schema="messaging")
    op.drop_table("rate_limit", schema="messaging")
    op.drop_table("place", schema="messaging")
    op.drop_index(op.f("ix_chain_finished_at"), table_name="chain", schema="messaging")
    op.drop_table("chain", schema="messaging")
    op.drop_table("breaker", schema="messaging")
    op.drop_table("batch_shard", schema="messaging")
    op.drop_table("batch_failure", schema="messaging")
    op.drop_index(op.f("ix_batch_finished_at"), table_name="batch", schema="messaging")
    op.drop_table("batch", schema="messaging")
