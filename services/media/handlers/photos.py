"""Photos come in: a row first, then the file, then the word that it is whole. So nothing lies in the storage unknown."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.media.domain.photos import Photo, PhotoState, Place, Upload, original_key
from services.media.errors import PhotoLostError, UnknownAlbumError, UnknownPhotoError
from services.media.handlers.dependencies import Storage
from services.media.repository.albums import Albums
from services.media.repository.photos import Photos
from shared.clock import Clock, now
from shared.contracts.media import ProcessPhoto
from shared.ids import new_id
from shared.messaging.outbox import Session, publish


@dataclass(frozen=True, slots=True)
class Received:
    """A photo, and whether the same place had the same bytes already: then it is the one that was there."""

    photo: Photo
    is_duplicate: bool


def get(session: Session, organisation_id: UUID, photo_id: UUID) -> Photo:
    """The organisation's photo. Raises UnknownPhotoError."""
    photo = Photos(session).get(organisation_id, photo_id)
    if photo is None:
        raise UnknownPhotoError(f"there is no photo {photo_id}")
    return photo


def begin(session: Session, organisation_id: UUID, place: Place, upload: Upload) -> Received:
    """Expect a file: its row is there before it is. A duplicate needs no file. Raises UnknownAlbumError.

    What an order is, media does not know: any id is taken as one.
    """
    if place.album_id is not None and Albums(session).get(organisation_id, place.album_id) is None:
        raise UnknownAlbumError(f"there is no album {place.album_id}")
    photos = Photos(session)
    same = photos.same_bytes(organisation_id, upload.sha256, place)
    if same is not None:
        return Received(same, is_duplicate=True)
    photo_id = new_id()
    key = original_key(organisation_id, photo_id)
    return Received(photos.add(photo_id, organisation_id, place, upload, storage_key=key), is_duplicate=False)


def store(storage: Storage, photo: Photo, pieces: Iterable[bytes]) -> None:
    """Write the file of a photo that was begun, and see that it is there. Call it with no transaction open.

    Raises PhotoLostError, StorageUnavailable.
    """
    storage.put_stream(photo.storage_key, pieces, photo.content_type or "application/octet-stream")
    if not storage.exists(photo.storage_key) or storage.head(photo.storage_key).size != photo.size:
        raise PhotoLostError("the storage took the photo and does not have it: send it again")


def finish(session: Session, photo: Photo, clock: Clock = now) -> Received:
    """The file is whole: say so, and have it worked on.

    Where the same bytes came to the same place twice at once, one of the two is kept, and both callers are told of it.
    The other one's row stays as an upload that was never finished: it is removed with its file by the daily sweep.
    """
    photos = Photos(session)
    assert photo.sha256 is not None
    photos.hold_bytes(photo.sha256)
    place = Place(photo.album_id, photo.order_id)
    same = photos.same_bytes(photo.organisation_id, photo.sha256, place)
    if same is not None:
        return Received(same, is_duplicate=True)
    earlier = photos.same_bytes(photo.organisation_id, photo.sha256)
    values = {
        "state": PhotoState.UPLOADED,
        "uploaded_at": clock(),
        "duplicate_of": earlier.id if earlier is not None else None,
    }
    whole = photos.change(photo.id, values)
    publish(session, ProcessPhoto(photo_id=photo.id), organisation_id=photo.organisation_id)
    return Received(whole, is_duplicate=False)
