"""Archives of photos that can be downloaded."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.media.models.base import Base
from shared.retention import kept_until, kept_with


class ArchiveRow(Base):
    """A ZIP file of the photos that an album or an order had when it was asked for.

    `storage_key` and `size` (bytes) are there when it is `ready`, `failure` when it is `failed`. After `expires_at` it
    can no longer be fetched, and is removed: the object first, then the row.
    """

    __retention__ = kept_until("its link expires (`expires_at`)")
    __tablename__ = "archives"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    album_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    name: Mapped[str]
    state: Mapped[str]
    photo_count: Mapped[int]
    storage_key: Mapped[str]
    size: Mapped[int | None]
    failure: Mapped[str | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'building', 'ready', 'failed')", name="state_known"),
        CheckConstraint("num_nonnulls(album_id, order_id) = 1", name="of_album_or_order"),
        Index("ix_archives_organisation_id_id", "organisation_id", "id"),
        Index("ix_archives_expires_at", "expires_at"),
    )


class ArchivePhotoRow(Base):
    """A photo of an archive, under the name that it has in the ZIP file. What is in an archive never changes."""

    __retention__ = kept_with("media.archives")
    __tablename__ = "archive_photos"
    archive_id: Mapped[UUID] = mapped_column(ForeignKey("media.archives.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    photo_id: Mapped[UUID]
    name: Mapped[str]
