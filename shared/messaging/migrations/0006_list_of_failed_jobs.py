"""An index in the order of the list of failed jobs, for the one that shows the settled ones too."""

from alembic import op

revision = "messaging_0006"
down_revision = "messaging_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.create_index(
        op.f("ix_failed_job_failed_at_id"), "failed_job", ["failed_at", "id"], unique=False, schema="messaging"
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_failed_job_failed_at_id"), table_name="failed_job", schema="messaging")
