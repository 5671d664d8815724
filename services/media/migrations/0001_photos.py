"""Albums and photos."""

from alembic import op

revision = "media_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "media"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
