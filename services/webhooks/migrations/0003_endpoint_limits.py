"""How much an endpoint takes at a time, and which deliveries wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "webhooks_0003"
down_revision = "webhooks_0002"
branch_labels = None
depends_on = None

SCHEMA = "webhooks"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for column in (
        sa.Column("max_concurrency", sa.BigInteger(), nullable=True),
        sa.Column("max_per_second", sa.BigInteger(), nullable=True),
        sa.Column("next_slot_at", MOMENT, nullable=True),
        sa.Column("failures", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paused_at", MOMENT, nullable=True),
        sa.Column("probed_at", MOMENT, nullable=True),
    ):
        op.add_column("endpoints", column, schema=SCHEMA)
    for name in ("max_concurrency", "max_per_second"):
        op.create_check_constraint(op.f(f"ck_endpoints_{name}_positive"), "endpoints", f"{name} >= 1", schema=SCHEMA)
    waiting: sa.Column[bool] = sa.Column("waiting", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("deliveries", waiting, schema=SCHEMA)
    op.add_column("deliveries", sa.Column("calling_until", MOMENT, nullable=True), schema=SCHEMA)
    _index("ix_deliveries_waiting", ["endpoint_id", "id"], "waiting")
    _index("ix_deliveries_calling", ["endpoint_id"], "calling_until IS NOT NULL")


def _index(name: str, columns: list[str], where: str) -> None:
    """Of rows that there are none of yet: it is made in the time that one look at the table takes."""
    op.create_index(name, "deliveries", columns, schema=SCHEMA, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for column in ("calling_until", "waiting"):
        op.drop_column("deliveries", column, schema=SCHEMA)
    for column in ("probed_at", "paused_at", "failures", "next_slot_at", "max_per_second", "max_concurrency"):
        op.drop_column("endpoints", column, schema=SCHEMA)
