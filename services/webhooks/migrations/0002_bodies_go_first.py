"""An inbound event outlives its body; an index of those that still have one."""

import sqlalchemy as sa
from alembic import op

revision = "webhooks_0002"
down_revision = "webhooks_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_constraint(op.f("ck_inbound_events_body_somewhere"), "inbound_events", schema="webhooks")
    op.create_check_constraint(
        op.f("ck_inbound_events_body_in_one_place"),
        "inbound_events",
        "body IS NULL OR storage_key IS NULL",
        schema="webhooks",
    )
    op.create_index(
        "ix_inbound_events_with_body",
        "inbound_events",
        ["id"],
        schema="webhooks",
        postgresql_where=sa.text("body IS NOT NULL OR storage_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_inbound_events_with_body", table_name="inbound_events", schema="webhooks")
    op.drop_constraint(op.f("ck_inbound_events_body_in_one_place"), "inbound_events", schema="webhooks")
    op.execute(
        "ALTER TABLE webhooks.inbound_events ADD CONSTRAINT ck_inbound_events_body_somewhere "
        "CHECK ((body IS NULL) <> (storage_key IS NULL)) NOT VALID"
    )
