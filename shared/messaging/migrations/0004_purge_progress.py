"""How far each purge has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "messaging_0004"
down_revision = "messaging_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.create_table(
        "purge_progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("slice", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("longest_ms", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_purge_progress")),
        schema="messaging",
    )


def downgrade() -> None:
    op.drop_table("purge_progress", schema="messaging")
