"""Which batch prints the tickets of a large order."""

import sqlalchemy as sa
from alembic import op

revision = "ticketing_0002"
down_revision = "ticketing_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("orders", sa.Column("batch_id", sa.Uuid(), nullable=True), schema="ticketing")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_column("orders", "batch_id", schema="ticketing")
