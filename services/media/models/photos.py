"""Albums and photos."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from services.media.models.base import Base
from shared.retention import kept_for_ever


class AlbumRow(Base):
    """A set of photos with a name."""

    __retention__ = kept_for_ever("an organisation's own pictures")
    __tablename__ = "albums"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    name: Mapped[str]
    keeps_place: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (Index("ix_albums_organisation_id_id", "organisation_id", "id"),)


class PhotoRow(Base):
    """A photo in an album or of an order. The row is there before its object, and becomes `uploaded` when that is whole.

    `size` is in bytes; `sha256` and `crc32` are of the original as it was sent. `width` and `height` are those of the
    upright picture. `facts` is what EXIF told (camera, lens, ISO, exposure, place if kept); `faults` names what was
    wrong with the file. `taken_at` is the wall clock of the camera, `taken_offset` its offset from UTC in minutes where
    the file names one. `duplicate_of` is the earlier photo of the same organisation with the same bytes.
    `renditions` are the thumbnails that are stored: name, key, width, height, size.
    """

    __retention__ = kept_for_ever("an organisation's own pictures; uploads that never ended go after a day")
    __tablename__ = "photos"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID]
    album_id: Mapped[UUID | None] = mapped_column(ForeignKey("media.albums.id"))
    order_id: Mapped[UUID | None]
    state: Mapped[str]
    file_name: Mapped[str]
    storage_key: Mapped[str]
    content_type: Mapped[str | None]
    size: Mapped[int | None]
    sha256: Mapped[bytes | None]
    crc32: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    taken_at: Mapped[datetime | None]
    taken_offset: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    faults: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    renditions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    duplicate_of: Mapped[UUID | None]
    failure: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    uploaded_at: Mapped[datetime | None]
    processed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('receiving', 'uploaded', 'ready', 'failed')", name="state_known"),
        CheckConstraint("num_nonnulls(album_id, order_id) = 1", name="in_album_or_order"),
        Index("ix_photos_organisation_id_sha256", "organisation_id", "sha256"),
        Index("ix_photos_album_id_id", "album_id", "id"),
        Index("ix_photos_order_id_id", "order_id", "id"),
        Index("ix_photos_receiving", "created_at", postgresql_where=text("state = 'receiving'")),
    )
