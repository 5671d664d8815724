"""People, imports, failed rows."""

from alembic import op

revision = "reports_0003"
down_revision = "reports_0002"
branch_labels = None
depends_on = None

SCHEMA = "reports"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
