"""Photos."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.domain.photos import Photo, PhotoState, Place, Upload
from services.media.models import AlbumRow, PhotoRow

_COLUMNS = tuple(getattr(PhotoRow, field.name) for field in fields(Photo))
_WHOLE = PhotoRow.state != PhotoState.RECEIVING


class Photos:
    """The photos of all organisations. Those whose upload has not ended are seen by `get` alone."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, photo_id: UUID, organisation_id: UUID, place: Place, upload: Upload, *, storage_key: str) -> Photo:
        """A new photo, whose file is about to come."""
        statement = insert(PhotoRow).values(
            id=photo_id,
            organisation_id=organisation_id,
            album_id=place.album_id,
            order_id=place.order_id,
            state=PhotoState.RECEIVING,
            file_name=upload.file_name,
            content_type=upload.content_type,
            size=upload.size,
            sha256=upload.sha256,
            crc32=upload.crc32,
            storage_key=storage_key,
        )
        return Photo(*self._session.execute(statement.returning(*_COLUMNS)).one())

    def get(self, organisation_id: UUID, photo_id: UUID) -> Photo | None:
        """The organisation's photo; None where it has none with this id."""
        return self._one(select(*_COLUMNS).where(_is(organisation_id, photo_id)))

    def find(self, photo_id: UUID) -> Photo | None:
        """A photo, whosever it is: for messages, which name no organisation."""
        return self._one(select(*_COLUMNS).where(PhotoRow.id == photo_id))

    def lock(self, photo_id: UUID) -> Photo | None:
        """The photo, held until the transaction ends."""
        return self._one(select(*_COLUMNS).where(PhotoRow.id == photo_id).with_for_update())

    def change(self, photo_id: UUID, values: Mapping[str, Any]) -> Photo:
        """Write these columns."""
        statement = update(PhotoRow).where(PhotoRow.id == photo_id).values(**values).returning(*_COLUMNS)
        return Photo(*self._session.execute(statement).one())

    def page(self, organisation_id: UUID, place: Place, *, after: UUID | None, count: int) -> Sequence[Photo]:
        """The photos in a place, oldest first, from behind `after`."""
        query = select(*_COLUMNS).where(_in(organisation_id, place), _WHOLE).order_by(PhotoRow.id).limit(count)
        return self._all(query.where(PhotoRow.id > after) if after else query)

    def ids(self, organisation_id: UUID, album_id: UUID | None) -> Sequence[UUID]:
        """The ids of an album's photos, or of all that the organisation has, oldest first."""
        mine = (PhotoRow.organisation_id == organisation_id) & _WHOLE
        query = select(PhotoRow.id).where(mine if album_id is None else mine & (PhotoRow.album_id == album_id))
        return list(self._session.execute(query.order_by(PhotoRow.id)).scalars())

    def keeps_place(self, album_id: UUID) -> bool:
        """Whether the photos of an album may tell where they were taken."""
        return bool(self._session.execute(select(AlbumRow.keeps_place).where(AlbumRow.id == album_id)).scalar())

    def same_bytes(self, organisation_id: UUID, sha256: bytes, place: Place | None = None) -> Photo | None:
        """The earliest photo of the organisation with these bytes, in one place or anywhere."""
        same = and_(PhotoRow.organisation_id == organisation_id, PhotoRow.sha256 == sha256, _WHOLE)
        where = same if place is None else same & _in(organisation_id, place)
        return self._one(select(*_COLUMNS).where(where).order_by(PhotoRow.id).limit(1))

    def hold_bytes(self, sha256: bytes) -> None:
        """Let nobody else end an upload of the same bytes before this transaction ends."""
        key = int.from_bytes(sha256[:8], "big", signed=True)
        self._session.execute(select(func.pg_advisory_xact_lock(key)))

    def _one(self, query: Select[*tuple[Any, ...]]) -> Photo | None:
        row = self._session.execute(query).one_or_none()
        return None if row is None else Photo(*row)

    def _all(self, query: Select[*tuple[Any, ...]]) -> list[Photo]:
        return [Photo(*row) for row in self._session.execute(query)]


def _is(organisation_id: UUID, photo_id: UUID) -> ColumnElement[bool]:
    return and_(PhotoRow.organisation_id == organisation_id, PhotoRow.id == photo_id)


def _in(organisation_id: UUID, place: Place) -> ColumnElement[bool]:
    here = PhotoRow.album_id == place.album_id if place.album_id else PhotoRow.order_id == place.order_id
    return and_(PhotoRow.organisation_id == organisation_id, here)
