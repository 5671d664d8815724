"""A call outlives what was said in it: when its words were emptied, and an index of those that still have some."""

import sqlalchemy as sa
from alembic import op

revision = "appointments_0003"
down_revision = "appointments_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("calls", sa.Column("trimmed_at", sa.DateTime(timezone=True)), schema="appointments")
    op.create_index(
        "ix_calls_with_words",
        "calls",
        ["id"],
        schema="appointments",
        postgresql_where=sa.text("trimmed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_calls_with_words", table_name="calls", schema="appointments")
    op.drop_column("calls", "trimmed_at", schema="appointments")
