"""What API keys may do, and until when: those that are there keep every right"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    everything = sa.text("'{*}'::text[]")
    scopes: sa.Column[list[str]] = sa.Column(
        "scopes", postgresql.ARRAY(sa.Text()), server_default=everything, nullable=False
    )
    op.add_column("api_key", sa.Column("name", sa.Text(), server_default="", nullable=False), schema="gateway")
    op.add_column("api_key", scopes, schema="gateway")
    op.add_column("api_key", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True), schema="gateway")


def downgrade() -> None:
    for column in ("expires_at", "scopes", "name"):
        op.drop_column("api_key", column, schema="gateway")
