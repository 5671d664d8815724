"""A log outlives what was written: when a row's body was emptied, and an index of those that still have one."""

import sqlalchemy as sa
from alembic import op

revision = "notifications_0002"
down_revision = "notifications_0001"
branch_labels = None
depends_on = None

LOGS = ("emails", "text_messages")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for log in LOGS:
        op.add_column(log, sa.Column("trimmed_at", sa.DateTime(timezone=True)), schema="notifications")
        op.create_index(
            f"ix_{log}_with_body",
            log,
            ["id"],
            schema="notifications",
            postgresql_where=sa.text("trimmed_at IS NULL"),
        )


def downgrade() -> None:
    for log in LOGS:
        op.drop_index(f"ix_{log}_with_body", table_name=log, schema="notifications")
        op.drop_column(log, "trimmed_at", schema="notifications")
