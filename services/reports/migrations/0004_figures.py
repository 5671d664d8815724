"""Preferences, stale hours, daily figures, reports."""

from alembic import op

revision = "reports_0004"
down_revision = "reports_0003"
branch_labels = None
depends_on = None

SCHEMA = "reports"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
