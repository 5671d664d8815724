"""A photo is read, and its thumbnails are made: once after its upload, and again whenever somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.media.domain.failures import told
from services.media.domain.kinds import MISLABELLED, is_mislabelled
from services.media.domain.photos import CONTENT_TYPES, Photo, PhotoState, rendition_key
from services.media.domain.pictures import Picture
from services.media.errors import NoPhotosError, PhotoNotThereError, UnknownAlbumError, UnknownPhotoError
from services.media.handlers.dependencies import Dependencies
from services.media.repository.albums import Albums
from services.media.repository.photos import Photos
from shared.contracts.media import MarkPhotoFailed, PhotoProcessed, ProcessPhoto, RegenerateThumbnails
from shared.messaging.batch import Batch, publish_batch
from shared.messaging.outbox import Session, publish

TAKEN_LATER: Final = "exif_date_later"
"""The fault of a photo that was taken, so it says, after it was uploaded."""
CLOCKS_DIFFER: Final = timedelta(days=1)
"""A camera's clock has no zone, so that it may be ahead of ours by most of a day."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done: a photo, and whether its place may be told."""

    photo: Photo
    keeps_place: bool


def prepare(session: Session, message: ProcessPhoto | RegenerateThumbnails) -> Work | None:
    """Find the photo. None where it is gone, or was never whole: then there is nothing to do."""
    photos = Photos(session)
    photo = photos.find(message.photo_id)
    if photo is None or not photo.is_whole:
        return None
    return Work(photo, keeps_place=photo.album_id is not None and photos.keeps_place(photo.album_id))


def make(dependencies: Dependencies, work: Work) -> Picture:
    """Read the file and store its thumbnails, over those that are there; no transaction is open.

    What is wrong with the file is in the picture's faults. Raises StorageObjectMissing, StorageUnavailable.
    """
    photo, storage = work.photo, dependencies.storage
    stream = storage.stream(photo.storage_key)
    picture = dependencies.pictures.look(
        stream.pieces, photo.content_type or "", dependencies.facts.thumbnails, keeps_place=work.keeps_place
    )
    for thumbnail in picture.thumbnails:
        key = rendition_key(photo.organisation_id, photo.id, thumbnail.name)
        storage.put(key, thumbnail.data, CONTENT_TYPES[thumbnail.name.rpartition(".")[2]])
    made = {thumbnail.name for thumbnail in picture.thumbnails}
    for former in photo.renditions:
        if former["name"] not in made:
            storage.delete(former["key"])
    return picture


def record(session: Session, dependencies: Dependencies, work: Work, picture: Picture, *, announce: bool) -> None:
    """Write down what was found. `announce` publishes PhotoProcessed: that is for the first time."""
    photo, processed_at = work.photo, dependencies.clock()
    faults = _faults(photo, picture)
    values = {
        "state": PhotoState.READY,
        "width": picture.width,
        "height": picture.height,
        "taken_at": picture.taken_at,
        "taken_offset": picture.taken_offset,
        "facts": dict(picture.facts),
        "faults": faults,
        "renditions": [
            {
                "name": one.name,
                "key": rendition_key(photo.organisation_id, photo.id, one.name),
                "width": one.width,
                "height": one.height,
                "size": len(one.data),
            }
            for one in picture.thumbnails
        ],
        "failure": None,
        "processed_at": processed_at,
    }
    Photos(session).change(photo.id, values)
    if announce:
        _announce(session, photo, faults, processed_at)


def _announce(session: Session, photo: Photo, faults: Sequence[str], processed_at: datetime) -> None:
    event = PhotoProcessed(
        photo_id=photo.id,
        organisation_id=photo.organisation_id,
        album_id=photo.album_id,
        order_id=photo.order_id,
        faults=tuple(faults),
        processed_at=processed_at,
    )
    publish(session, event, organisation_id=photo.organisation_id)


def _faults(photo: Photo, picture: Picture) -> list[str]:
    """Those of the file, and those that only its row shows."""
    faults = [str(fault) for fault in picture.faults]
    if photo.content_type is not None and is_mislabelled(photo.file_name, photo.content_type):
        faults.append(MISLABELLED)
    if picture.taken_at and photo.uploaded_at and picture.taken_at > photo.uploaded_at + CLOCKS_DIFFER:
        faults.append(TAKEN_LATER)
    return faults


def mark_failed(session: Session, message: MarkPhotoFailed) -> None:
    """Say why the photo could not be worked on. Its file stays, and so do the thumbnails that it had."""
    photos = Photos(session)
    photo = photos.lock(UUID(str(message.fields["photo_id"])))
    if photo is not None and photo.is_whole:
        photos.change(photo.id, {"state": PhotoState.FAILED, "failure": told(message.error)})


def regenerate_one(session: Session, organisation_id: UUID, photo_id: UUID) -> UUID:
    """Have the thumbnails of a photo made anew. Returns the batch. Raises UnknownPhotoError, PhotoNotThereError."""
    photo = Photos(session).get(organisation_id, photo_id)
    if photo is None:
        raise UnknownPhotoError(f"there is no photo {photo_id}")
    if not photo.is_whole:
        raise PhotoNotThereError("the upload of this photo was not finished: upload it again")
    return _regenerate(session, organisation_id, f"thumbnails of photo {photo_id}", [photo_id])


def regenerate_album(session: Session, organisation_id: UUID, album_id: UUID) -> UUID:
    """Those of all photos of an album. Raises UnknownAlbumError, NoPhotosError."""
    if Albums(session).get(organisation_id, album_id) is None:
        raise UnknownAlbumError(f"there is no album {album_id}")
    photos = Photos(session).ids(organisation_id, album_id)
    return _regenerate(session, organisation_id, f"thumbnails of album {album_id}", photos)


def regenerate_all(session: Session, organisation_id: UUID) -> UUID:
    """Those of all photos that the organisation has. Raises NoPhotosError."""
    return _regenerate(session, organisation_id, "all thumbnails", Photos(session).ids(organisation_id, None))


def _regenerate(session: Session, organisation_id: UUID, name: str, photos: Sequence[UUID]) -> UUID:
    """One photo that fails does not keep the others from going on."""
    if not photos:
        raise NoPhotosError("there are no photos here")
    members = [RegenerateThumbnails(photo_id=photo_id) for photo_id in photos]
    return publish_batch(session, Batch(name, members, allow_failures=True), organisation_id=organisation_id)
