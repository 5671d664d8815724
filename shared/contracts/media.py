"""Messages of the media service: photos, their thumbnails, and archives of them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.message import Command, Event, FailureNotice


class ProcessPhoto(Command):
    """Read a photo that was uploaded, and make its thumbnails."""

    kind: ClassVar[str] = "media.photo.process"
    photo_id: UUID


class RegenerateThumbnails(Command):
    """Make the thumbnails of a photo anew from its original."""

    kind: ClassVar[str] = "media.photo.regenerate_thumbnails"
    photo_id: UUID


class MarkPhotoFailed(FailureNotice):
    """Processing a photo finally failed: say so in its row. The original stays."""

    kind: ClassVar[str] = "media.photo.mark_failed"


class BuildArchive(Command):
    """Write the ZIP file of an archive into the storage."""

    kind: ClassVar[str] = "media.archive.build"
    archive_id: UUID


class MarkArchiveFailed(FailureNotice):
    """Building an archive finally failed: say so, and why, in its row."""

    kind: ClassVar[str] = "media.archive.mark_failed"


class RemoveArchive(Command):
    """Remove the object of an archive whose time is over, then its row."""

    kind: ClassVar[str] = "media.archive.remove"
    archive_id: UUID


class SweepMedia(Command):
    """Publish the removal of expired archives, and remove uploads that were never finished. Published every day."""

    kind: ClassVar[str] = "media.storage.sweep"


class PhotoProcessed(Event):
    """A photo can be shown. `faults` names what was wrong with the file though it was kept, such as `exif_broken`."""

    kind: ClassVar[str] = "media.photo.processed"
    photo_id: UUID
    organisation_id: UUID
    album_id: UUID | None
    order_id: UUID | None
    faults: tuple[str, ...] = ()
    processed_at: datetime


class ArchiveReady(Event):
    """An archive can be downloaded until it expires. `size` is in bytes."""

    kind: ClassVar[str] = "media.archive.ready"
    archive_id: UUID
    organisation_id: UUID
    photo_count: int
    size: int
    expires_at: datetime
