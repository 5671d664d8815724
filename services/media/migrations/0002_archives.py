"""Archives of photos."""

import sqlalchemy as sa
from alembic import op

revision = "media_0002"
down_revision = "media_0001"
branch_labels = None
depends_on = None

SCHEMA = "media"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.create_table(
        "archives",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("album_id", sa.Uuid()),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("photo_count", sa.BigInteger(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ready_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archives")),
        sa.CheckConstraint("state IN ('queued', 'building', 'ready', 'failed')", name=op.f("ck_archives_state_known")),
        sa.CheckConstraint("num_nonnulls(album_id, order_id) = 1", name=op.f("ck_archives_of_album_or_order")),
        schema=SCHEMA,
    )
    for name, columns in {
        "ix_archives_organisation_id_id": ["organisation_id", "id"],
        "ix_archives_expires_at": ["expires_at"],
    }.items():
        op.create_index(op.f(name), "archives", columns, schema=SCHEMA)
    op.create_table(
        "archive_photos",
        sa.Column("archive_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("archive_id", "position", name=op.f("pk_archive_photos")),
        sa.ForeignKeyConstraint(
            ["archive_id"],
            ["media.archives.id"],
            name=op.f("fk_archive_photos_archive_id_archives"),
            ondelete="CASCADE",
        ),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.drop_table("archive_photos", schema=SCHEMA)
    op.drop_table("archives", schema=SCHEMA)
