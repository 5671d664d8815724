"""What the media service hears: of photos and of archives."""

from services.media.actors.archives import build_archive, mark_archive_failed, remove_archive, sweep_media
from services.media.actors.photos import mark_photo_failed, process_photo, regenerate_thumbnails

__all__ = [
    "build_archive",
    "mark_archive_failed",
    "mark_photo_failed",
    "process_photo",
    "regenerate_thumbnails",
    "remove_archive",
    "sweep_media",
]
