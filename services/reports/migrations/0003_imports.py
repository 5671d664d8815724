"""People, imports, their chunks and failed rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "reports_0003"
down_revision = "reports_0002"
branch_labels = None
depends_on = None

SCHEMA = "reports"
STATES = (
    "state IN ('receiving', 'analysing', 'uploaded', 'checking', 'splitting', 'running', 'finishing', "
    "'done', 'cancelled', 'failed')"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    _create_people()
    _create_imports()
    _create_chunks()
    _create_failed_rows()


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False)


def _text(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _count(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _create_people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *_text("email_key", "email", "name"),
        sa.Column("phone", sa.Text()),
        sa.Column("language", sa.Text()),
        _json("extra"),
        _moment("created_at"),
        _moment("changed_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("organisation_id", "email_key", name=op.f("uq_people_organisation_id_email_key")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_people_organisation_id_id"), "people", ["organisation_id", "id"], schema=SCHEMA)


def _create_imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        *_text("file_name", "storage_key"),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.LargeBinary()),
        *_text("language", "time_zone", "email", "state"),
        _json("options"),
        _json("reading"),
        *(sa.Column(name, JSONB()) for name in ("columns", "suggested", "mapping", "checked")),
        sa.Column("batch_id", sa.Uuid()),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("chunk_count", sa.BigInteger()),
        *(_count(name) for name in ("created", "updated", "unchanged", "failed")),
        sa.Column("failures_key", sa.Text()),
        sa.Column("failure_code", sa.Text()),
        sa.Column("failure", sa.Text()),
        _moment("created_at"),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("started_at", "finished_at", "expires_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.CheckConstraint(STATES, name=op.f("ck_imports_state_known")),
        schema=SCHEMA,
    )
    op.create_index(op.f("ix_imports_organisation_id_id"), "imports", ["organisation_id", "id"], schema=SCHEMA)
    op.create_index(op.f("ix_imports_expires_at"), "imports", ["expires_at"], schema=SCHEMA)


def _of_import(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_import_id_imports")
    return sa.ForeignKeyConstraint(["import_id"], ["reports.imports.id"], name=name, ondelete="CASCADE")


def _create_chunks() -> None:
    op.create_table(
        "import_chunks",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("chunk", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "updated", "unchanged", "failed")),
        _of_import("import_chunks"),
        sa.PrimaryKeyConstraint("import_id", "chunk", name=op.f("pk_import_chunks")),
        schema=SCHEMA,
    )


def _create_failed_rows() -> None:
    op.create_table(
        "failed_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("column", sa.Text()),
        *_text("code", "reason"),
        sa.Column("cells", JSONB(), nullable=False),
        _of_import("failed_rows"),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_failed_rows")),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    for table in ("failed_rows", "import_chunks", "imports", "people"):
        op.drop_table(table, schema=SCHEMA)
