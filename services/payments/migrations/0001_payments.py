"""Payments and the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "payments"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_payments()
    _create_ledger()
    _guard_ledger()


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=False),
        sa.Column("charge_reference", sa.Text()),
        sa.Column("order_reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("provider", "provider_reference", name=op.f("uq_payments_provider_provider_reference")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount_positive")),
        sa.CheckConstraint(
            "state IN ('received', 'matched', 'needs_review', 'refund_due')", name=op.f("ck_payments_state_known")
        ),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"], schema=SCHEMA)


def _create_ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("correlation_id", "account", name=op.f("uq_ledger_entries_correlation_id_account")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.payments.id"], name=op.f("fk_ledger_entries_payment_id_payments")
        ),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_ledger_entries_payment_id"), "ledger_entries", ["payment_id"], schema=SCHEMA)


def _guard_ledger() -> None:
    """Entries are never changed, and a transfer that is not two rows with the sum zero is not committed."""
    op.execute("""
        CREATE FUNCTION payments.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the ledger is append-only: correct an entry by a reversal'
                USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.ledger_entries
        FOR EACH ROW EXECUTE FUNCTION payments.refuse_change()
    """)
    op.execute("""
        CREATE FUNCTION payments.check_transfer() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (
                SELECT count(*) <> 2 OR sum(amount) <> 0 OR count(DISTINCT currency) <> 1
                FROM payments.ledger_entries WHERE correlation_id = NEW.correlation_id
            ) THEN
                RAISE EXCEPTION 'transfer % is not two entries of one currency with the sum zero', NEW.correlation_id
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON payments.ledger_entries
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.check_transfer()
    """)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_table("ledger_entries", schema=SCHEMA)
    op.drop_table("payments", schema=SCHEMA)
    op.execute("DROP FUNCTION payments.refuse_change()")
    op.execute("DROP FUNCTION payments.check_transfer()")
