"""Albums and photos."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "media_0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "media"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_albums()
    _create_photos()
    _index_photos()


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _create_albums() -> None:
    op.create_table(
        "albums",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("keeps_place", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_albums")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_albums_organisation_id_id"), "albums", ["organisation_id", "id"], schema=SCHEMA)


def _create_photos() -> None:
    op.create_table(
        "photos",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("album_id", sa.Uuid()),
        sa.Column("order_id", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.LargeBinary()),
        sa.Column("crc32", sa.BigInteger()),
        sa.Column("width", sa.BigInteger()),
        sa.Column("height", sa.BigInteger()),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.Column("taken_offset", sa.BigInteger()),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("faults", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("renditions", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("duplicate_of", sa.Uuid()),
        sa.Column("failure", sa.Text()),
        _moment("created_at"),
        sa.Column("uploaded_at", sa.DateTime(timezone=True)),
        sa.Column("processed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.ForeignKeyConstraint(["album_id"], ["media.albums.id"], name=op.f("fk_photos_album_id_albums")),
        sa.CheckConstraint("state IN ('receiving', 'uploaded', 'ready', 'failed')", name=op.f("ck_photos_state_known")),
        sa.CheckConstraint("num_nonnulls(album_id, order_id) = 1", name=op.f("ck_photos_in_album_or_order")),
        schema=SCHEMA,
    )


def _index_photos() -> None:
    indexes = {
        "ix_photos_organisation_id_sha256": ["organisation_id", "sha256"],
        "ix_photos_album_id_id": ["album_id", "id"],
        "ix_photos_order_id_id": ["order_id", "id"],
    }
    for name, columns in indexes.items():
        op.create_index(op.f(name), "photos", columns, schema=SCHEMA)
    op.create_index(
        op.f("ix_photos_receiving"),
        "photos",
        ["created_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'receiving'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("photos", "albums"):
        op.drop_table(table, schema=SCHEMA)
