"""Whose pictures are gone; indexes of unpaid orders and of past events that still have pictures."""

import sqlalchemy as sa
from alembic import op

revision = "ticketing_0003"
down_revision = "ticketing_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.add_column("events", sa.Column("pictures_removed_at", sa.DateTime(timezone=True)), schema="ticketing")
    op.create_index(
        "ix_events_with_pictures",
        "events",
        [sa.text("coalesce(ends_at, starts_at)")],
        schema="ticketing",
        postgresql_where=sa.text("pictures_removed_at IS NULL"),
    )
    op.create_index(
        "ix_orders_unpaid",
        "orders",
        ["id"],
        schema="ticketing",
        postgresql_where=sa.text("status IN ('expired', 'cancelled') AND paid_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_orders_unpaid", table_name="orders", schema="ticketing")
    op.drop_index("ix_events_with_pictures", table_name="events", schema="ticketing")
    op.drop_column("events", "pictures_removed_at", schema="ticketing")
