"""Imports of people, their failed rows, and the people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reports.models.base import Base
from shared.retention import kept_for, kept_for_ever, kept_with


class PersonRow(Base):
    """A person of an organisation, known by the mail address in lower case (`email_key`)."""

    __retention__ = kept_for_ever("they belong to the organisation, until it forgets them")
    __tablename__ = "people"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    email_key: Mapped[str]
    email: Mapped[str]
    name: Mapped[str]
    phone: Mapped[str | None]
    language: Mapped[str | None]
    extra: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("organisation_id", "email_key"),
        Index("ix_people_organisation_id_id", "organisation_id", "id"),
    )


class ImportRow(Base):
    """A file of people. `columns` and `suggested` are what was found in it, `mapping` is which column means what.

    `reading` is how its bytes are read, as far as is known. `checked` is what the dry run found. The counts are of rows,
    and true when the batch has ended: until then those of the chunks are.
    """

    __retention__ = kept_for("REPORTS_IMPORT_DAYS", "its upload, and once more from its end")
    __tablename__ = "imports"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    key_id: Mapped[UUID]
    file_name: Mapped[str]
    storage_key: Mapped[str]
    size: Mapped[int | None]
    sha256: Mapped[bytes | None]
    language: Mapped[str]
    time_zone: Mapped[str]
    email: Mapped[str]
    state: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    reading: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    columns: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    suggested: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    checked: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    batch_id: Mapped[UUID | None]
    row_count: Mapped[int | None]
    chunk_count: Mapped[int | None]
    created: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    failures_key: Mapped[str | None]
    failure_code: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(
            "state IN ('receiving', 'analysing', 'uploaded', 'checking', 'splitting', 'running', 'finishing', "
            "'done', 'cancelled', 'failed')",
            name="state_known",
        ),
        Index("ix_imports_organisation_id_id", "organisation_id", "id"),
        Index("ix_imports_expires_at", "expires_at"),
    )


class ImportChunkRow(Base):
    """A chunk that was taken in, and what became of its rows. Each writes a row of its own, so that none waits."""

    __retention__ = kept_with("reports.imports")
    __tablename__ = "import_chunks"
    import_id: Mapped[UUID] = mapped_column(ForeignKey("reports.imports.id", ondelete="CASCADE"), primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    failed: Mapped[int]


class FailedRowRow(Base):
    """A row of a file that was not taken in: its number in the file, why, and what stood there."""

    __retention__ = kept_with("reports.imports")
    __tablename__ = "failed_rows"
    import_id: Mapped[UUID] = mapped_column(ForeignKey("reports.imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    column: Mapped[str | None]
    code: Mapped[str]
    reason: Mapped[str]
    cells: Mapped[list[str]] = mapped_column(JSONB)
