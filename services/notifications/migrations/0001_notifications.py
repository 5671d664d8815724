"""The logs of mails and text messages, their attempts, suppressed recipients, alerts."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "notifications_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "notifications"
STATES = "state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed')"
CHANNELS = "channel IN ('email', 'sms')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_log(
        "emails",
        sa.Column("recipient_name", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
    )
    _create_log("text_messages", sa.Column("body", sa.Text(), nullable=False))
    _create_attempts()
    _create_suppressions()
    _create_alerts()


def _clock(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _number(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text(default), nullable=False)


def _create_log(name: str, *own: sa.Column[object]) -> None:
    columns: Sequence[sa.Column[object]] = [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid()),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome_open", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _number("repeated_after_unknown", "0"),
        sa.Column("answer", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error", sa.Text()),
        _clock("created_at"),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        *own,
    ]
    op.create_table(
        name,
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("idempotency_key", name=op.f(f"uq_{name}_idempotency_key")),
        sa.CheckConstraint(STATES, name=op.f(f"ck_{name}_state_known")),
        schema=SCHEMA,
    )


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sending_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("error_code", sa.Text()),
        sa.Column("error", sa.Text()),
        _clock("ended_at"),
        sa.PrimaryKeyConstraint("channel", "sending_id", "number", name=op.f("pk_attempts")),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_attempts_channel_known")),
        schema=SCHEMA,
    )


def _create_suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _clock("created_at"),
        sa.PrimaryKeyConstraint("channel", "recipient", name=op.f("pk_suppressions")),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_suppressions_channel_known")),
        schema=SCHEMA,
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _number("total", "1"),
        _number("times_told", "1"),
        _number("since_told", "0"),
        _clock("first_at"),
        _clock("last_at"),
        _clock("told_at"),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_alerts")),
        schema=SCHEMA,
    )


def downgrade() -> None:
    for table in ("alerts", "suppressions", "attempts", "text_messages", "emails"):
        op.drop_table(table, schema=SCHEMA)
