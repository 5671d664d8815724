"""Albums."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.media.domain.albums import Album
from services.media.models import AlbumRow

_COLUMNS = (AlbumRow.id, AlbumRow.organisation_id, AlbumRow.name, AlbumRow.keeps_place, AlbumRow.created_at)
"""In the order of the fields of Album."""


class Albums:
    """The albums of all organisations; each method names whose."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, album_id: UUID, organisation_id: UUID, name: str, *, keeps_place: bool) -> Album:
        """A new album."""
        statement = insert(AlbumRow).values(
            id=album_id, organisation_id=organisation_id, name=name, keeps_place=keeps_place
        )
        return Album(*self._session.execute(statement.returning(*_COLUMNS)).one())

    def get(self, organisation_id: UUID, album_id: UUID) -> Album | None:
        """The organisation's album; None where it has none with this id."""
        row = self._session.execute(_of(organisation_id).where(AlbumRow.id == album_id)).one_or_none()
        return None if row is None else Album(*row)

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Album]:
        """The organisation's albums, oldest first, from behind `after`."""
        query = _of(organisation_id).order_by(AlbumRow.id).limit(count)
        rows = self._session.execute(query.where(AlbumRow.id > after) if after else query)
        return [Album(*row) for row in rows]


def _of(organisation_id: UUID) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(AlbumRow.organisation_id == organisation_id)
