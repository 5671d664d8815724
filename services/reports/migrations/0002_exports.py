"""Exports, revoked keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "reports_0002"
down_revision = "reports_0001"
branch_labels = None
depends_on = None

SCHEMA = "reports"
OF_ASKER = ("kind", "format", "language", "time_zone", "email", "state", "file_name", "storage_key")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_exports()
    _create_revoked_keys()


def _create_exports() -> None:
    op.create_table(
        "exports",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("id", "organisation_id", "key_id")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in OF_ASKER),
        sa.Column("filter", JSONB(), nullable=False),
        sa.Column("progress", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("failure_code", sa.Text()),
        sa.Column("failure", sa.Text()),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sa.CheckConstraint("state IN ('queued', 'running', 'ready', 'failed')", name=op.f("ck_exports_state_known")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_exports_progress_percentage")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_exports_organisation_id_id"), "exports", ["organisation_id", "id"], schema=SCHEMA)
    op.create_index(op.f("ix_exports_expires_at"), "exports", ["expires_at"], schema=SCHEMA)


def _create_revoked_keys() -> None:
    op.create_table(
        "revoked_keys",
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_revoked_keys")),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("revoked_keys", "exports"):
        op.drop_table(table, schema=SCHEMA)
