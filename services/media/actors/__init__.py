"""What the media service hears: of photos and of archives."""

from services.media.actors.photos import mark_photo_failed, process_photo, regenerate_thumbnails

__all__ = ["mark_photo_failed", "process_photo", "regenerate_thumbnails"]
