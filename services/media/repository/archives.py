"""Archives and what is in them; uploads that were never finished."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.domain.archives import GRACE, Archive, ArchivedPhoto, ArchiveState
from services.media.domain.photos import PhotoState, Place
from services.media.models import ArchivePhotoRow, ArchiveRow, PhotoRow

ROWS_AT_ONCE: Final = 2_000
_COLUMNS = tuple(getattr(ArchiveRow, field.name) for field in fields(Archive))
_PHOTO = tuple(getattr(PhotoRow, field.name) for field in fields(ArchivedPhoto))
_WHOLE = and_(PhotoRow.state != PhotoState.RECEIVING, PhotoRow.size.is_not(None), PhotoRow.crc32.is_not(None))
_ENDED = ArchiveRow.state.in_((ArchiveState.READY, ArchiveState.FAILED))


class Archives:
    """The archives of all organisations."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def photos_in(self, organisation_id: UUID, place: Place, most: int) -> Sequence[ArchivedPhoto]:
        """The photos of an album or an order whose files are whole; one more than `most` at most."""
        here = PhotoRow.album_id == place.album_id if place.album_id else PhotoRow.order_id == place.order_id
        mine = and_(PhotoRow.organisation_id == organisation_id, here, _WHOLE)
        query = select(*_PHOTO).where(mine).order_by(PhotoRow.id).limit(most + 1)
        return [ArchivedPhoto(*row) for row in self._session.execute(query)]

    def add(self, archive: Archive, photos: Sequence[ArchivedPhoto], names: Sequence[str]) -> None:
        """A new archive of these photos, under these names."""
        values = {field.name: getattr(archive, field.name) for field in fields(Archive)}
        self._session.execute(insert(ArchiveRow).values(**values))
        rows = [
            {"archive_id": archive.id, "position": position, "photo_id": photo.id, "name": name}
            for position, (photo, name) in enumerate(zip(photos, names, strict=True), start=1)
        ]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            self._session.execute(insert(ArchivePhotoRow), rows[start : start + ROWS_AT_ONCE])

    def get(self, organisation_id: UUID, archive_id: UUID) -> Archive | None:
        """The organisation's archive; None where it has none with this id."""
        mine = and_(ArchiveRow.organisation_id == organisation_id, ArchiveRow.id == archive_id)
        return self._one(select(*_COLUMNS).where(mine))

    def find(self, archive_id: UUID) -> Archive | None:
        """An archive, whosever it is: for links and messages, which name no organisation."""
        return self._one(select(*_COLUMNS).where(ArchiveRow.id == archive_id))

    def lock(self, archive_id: UUID) -> Archive | None:
        """The archive, held until the transaction ends."""
        return self._one(select(*_COLUMNS).where(ArchiveRow.id == archive_id).with_for_update())

    def contents(self, archive_id: UUID) -> tuple[list[ArchivedPhoto], list[str]]:
        """What is in an archive: photos that are still known, and their names, in order."""
        query = (
            select(ArchivePhotoRow.name, *_PHOTO)
            .join(PhotoRow, PhotoRow.id == ArchivePhotoRow.photo_id)
            .where(ArchivePhotoRow.archive_id == archive_id)
            .order_by(ArchivePhotoRow.position)
        )
        rows = self._session.execute(query).all()
        return [ArchivedPhoto(*row[1:]) for row in rows], [row[0] for row in rows]

    def change(self, archive_id: UUID, values: Mapping[str, Any]) -> Archive:
        """Write these columns."""
        statement = update(ArchiveRow).where(ArchiveRow.id == archive_id).values(**values).returning(*_COLUMNS)
        return _archive(self._session.execute(statement).one())

    def delete(self, archive_id: UUID) -> None:
        """The row, and those of what was in it."""
        self._session.execute(delete(ArchiveRow).where(ArchiveRow.id == archive_id))

    def over(self, now: datetime, count: int) -> Sequence[tuple[UUID, UUID]]:
        """Archive and organisation of the oldest whose time is over, and that nobody can be writing any more."""
        query = select(ArchiveRow.id, ArchiveRow.organisation_id).where(_is_over(now))
        return [(row[0], row[1]) for row in self._session.execute(query.order_by(ArchiveRow.expires_at).limit(count))]

    def unfinished_uploads(self, before: datetime, count: int) -> Sequence[tuple[UUID, str]]:
        """Id and key of photos that have been coming in since before that moment."""
        old = and_(PhotoRow.state == PhotoState.RECEIVING, PhotoRow.created_at < before)
        query = select(PhotoRow.id, PhotoRow.storage_key).where(old).order_by(PhotoRow.created_at).limit(count)
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def delete_uploads(self, photo_ids: Collection[UUID]) -> None:
        """The rows of photos that never came in whole."""
        these = and_(PhotoRow.id == func.any(list(photo_ids)), PhotoRow.state == PhotoState.RECEIVING)
        self._session.execute(delete(PhotoRow).where(these))

    def _one(self, query: Select[*tuple[Any, ...]]) -> Archive | None:
        row = self._session.execute(query).one_or_none()
        return None if row is None else _archive(row)


def _archive(row: Row[*tuple[Any, ...]]) -> Archive:
    found = Archive(*row)
    return replace(found, state=ArchiveState(found.state))


def _is_over(now: datetime) -> ColumnElement[bool]:
    return or_(and_(ArchiveRow.expires_at <= now, _ENDED), ArchiveRow.expires_at <= now - GRACE)
