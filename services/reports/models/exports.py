"""Exports, and the keys in whose name nothing may be exported any more."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reports.models.base import Base
from shared.retention import kept_for_ever, kept_until


class ExportRow(Base):
    """A file of what an organisation has, as it was asked for by a key.

    `filter` is kept as it was asked. `progress` is a percentage. `email` is who is told, or empty.
    """

    __retention__ = kept_until("its link expires (`expires_at`)")
    __tablename__ = "exports"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    key_id: Mapped[UUID]
    kind: Mapped[str]
    format: Mapped[str]
    filter: Mapped[dict[str, Any]] = mapped_column(JSONB)
    language: Mapped[str]
    time_zone: Mapped[str]
    email: Mapped[str]
    state: Mapped[str]
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    row_count: Mapped[int | None]
    file_name: Mapped[str]
    storage_key: Mapped[str]
    size: Mapped[int | None]
    failure_code: Mapped[str | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'ready', 'failed')", name="state_known"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress_percentage"),
        Index("ix_exports_organisation_id_id", "organisation_id", "id"),
        Index("ix_exports_expires_at", "expires_at"),
    )


class RevokedKeyRow(Base):
    """A key that was revoked, as the gateway told."""

    __retention__ = kept_for_ever("what was asked for in its name is refused for ever")
    __tablename__ = "revoked_keys"
    key_id: Mapped[UUID] = mapped_column(primary_key=True)
    revoked_at: Mapped[datetime]
