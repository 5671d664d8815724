"""Archives: what goes into one, for how long it can be fetched, and where it lies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.media.domain.archive_names import entry_name
from services.media.errors import ArchiveTooLargeError, NoPhotosError
from shared.retention import Prefix, kept_with

ARCHIVES: Final = Prefix("archives", kept_with("media.archives"))
CONTENT_TYPE: Final = "application/zip"
SHORTEST_LIFE: Final = timedelta(minutes=1)
LONGEST_LIFE: Final = timedelta(days=90)
GRACE: Final = timedelta(days=1)
"""For so long after its end nothing is removed that somebody may be writing still: no job and no upload takes a day."""
EARLIEST, LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
"""What the times of a ZIP file can say: its own begin with 1980, the extended ones end with 32 bits."""
WIDEST_OFFSET: Final = timedelta(hours=24)


class ArchiveState(StrEnum):
    """`queued` until a worker takes it, `building` until its file is whole, then `ready`; or `failed`, with the reason."""

    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as its row says. `size` in bytes is known when it is ready, `failure` when it is failed."""

    id: UUID
    organisation_id: UUID
    album_id: UUID | None
    order_id: UUID | None
    name: str
    state: ArchiveState
    photo_count: int
    storage_key: str
    size: int | None
    failure: str | None
    expires_at: datetime
    created_at: datetime
    started_at: datetime | None
    ready_at: datetime | None


@dataclass(frozen=True, slots=True)
class ArchivedPhoto:
    """What an archive needs of a photo. `taken_at` is the camera's wall clock (in UTC, whatever its zone was)."""

    id: UUID
    file_name: str
    storage_key: str
    content_type: str | None
    size: int
    crc32: int
    taken_at: datetime | None
    taken_offset: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of an archive. `modified_at` is in the zone in which the photo was taken."""

    name: str
    photo_id: UUID
    storage_key: str
    size: int
    crc32: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """What one archive may hold: photos, and bytes of them together."""

    photos: int
    size: int


def archive_key(organisation_id: UUID, archive_id: UUID) -> str:
    """The key of an archive's file."""
    return ARCHIVES.key(organisation_id, f"{archive_id}.zip")


def file_path(archive_id: UUID) -> str:
    """The path of the link to an archive's file."""
    return f"/archives/{archive_id}/file"


def in_order(photos: Iterable[ArchivedPhoto]) -> list[ArchivedPhoto]:
    """As they were taken; those that do not tell stand behind, as they were uploaded."""
    return sorted(photos, key=lambda photo: (photo.taken_at is None, photo.taken_at or photo.created_at, photo.id))


def check(photos: Sequence[ArchivedPhoto], limits: Limits) -> None:
    """Raises NoPhotosError, ArchiveTooLargeError."""
    if not photos:
        raise NoPhotosError("there is no photo here that could be downloaded")
    if len(photos) > limits.photos:
        raise ArchiveTooLargeError(f"an archive takes {limits.photos} photos, and there are more")
    if (size := sum(photo.size for photo in photos)) > limits.size:
        raise ArchiveTooLargeError(f"the photos have {size} bytes together, an archive takes {limits.size}")


def names(photos: Sequence[ArchivedPhoto]) -> list[str]:
    """The names of photos that are in order, no two alike."""
    return [
        entry_name(position, len(photos), photo.taken_at, photo.file_name, photo.content_type)
        for position, photo in enumerate(photos, start=1)
    ]


def entries(photos: Iterable[ArchivedPhoto], named: Iterable[str], zone: tzinfo) -> list[Entry]:
    """The files of an archive. `zone` is where cameras are that do not tell their offset."""
    return [
        Entry(name, photo.id, photo.storage_key, photo.size, photo.crc32, modified_at(photo, zone))
        for photo, name in zip(photos, named, strict=True)
    ]


def modified_at(photo: ArchivedPhoto, zone: tzinfo) -> datetime:
    """The moment when a photo was taken, in the zone of the camera; of an untold one, when it was uploaded."""
    if photo.taken_at is None:
        return _within(photo.created_at).astimezone(zone)
    wall = _within(photo.taken_at).replace(tzinfo=None)
    offset = timedelta(minutes=photo.taken_offset) if photo.taken_offset is not None else None
    if offset is None or abs(offset) >= WIDEST_OFFSET:
        return wall.replace(tzinfo=zone)
    return wall.replace(tzinfo=timezone(offset))


def _within(moment: datetime) -> datetime:
    """The moment, or the nearest that a ZIP file can tell in every zone."""
    return min(max(moment, EARLIEST + WIDEST_OFFSET), LATEST)
