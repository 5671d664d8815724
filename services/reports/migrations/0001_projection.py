"""The event log, its projection, rebuilds."""

from alembic import op

revision = "reports_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "reports"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
