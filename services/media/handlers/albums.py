"""Albums are made and looked at."""

from uuid import UUID

from services.media.domain.albums import Album
from services.media.errors import UnknownAlbumError
from services.media.repository.albums import Albums
from shared.ids import new_id
from shared.messaging.outbox import Session


def create(session: Session, organisation_id: UUID, name: str, *, keeps_place: bool) -> Album:
    """A new album. Two may have one name."""
    return Albums(session).add(new_id(), organisation_id, name, keeps_place=keeps_place)


def get(session: Session, organisation_id: UUID, album_id: UUID) -> Album:
    """The organisation's album. Raises UnknownAlbumError."""
    album = Albums(session).get(organisation_id, album_id)
    if album is None:
        raise UnknownAlbumError(f"there is no album {album_id}")
    return album
