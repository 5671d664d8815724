"""What can go wrong with photos and archives, by name."""

from typing import ClassVar

from shared.errors import PermanentError, TransientError


class UnknownAlbumError(PermanentError):
    """The organisation has no such album."""

    code: ClassVar[str] = "album_not_found"
    http_status: ClassVar[int] = 404


class UnknownPhotoError(PermanentError):
    """The organisation has no such photo."""

    code: ClassVar[str] = "photo_not_found"
    http_status: ClassVar[int] = 404


class NotAPictureError(PermanentError):
    """The bytes are none of the kinds of picture that are taken in, whatever the name says."""

    code: ClassVar[str] = "not_a_picture"
    http_status: ClassVar[int] = 415


class PhotoTooLargeError(PermanentError):
    """The file is larger than MEDIA_UPLOAD_LIMIT."""

    code: ClassVar[str] = "photo_too_large"
    http_status: ClassVar[int] = 413


class PhotoNotThereError(PermanentError):
    """The photo is not whole yet, or its upload was never finished: there is nothing to work on."""

    code: ClassVar[str] = "photo_not_there"
    http_status: ClassVar[int] = 409


class PhotoLostError(TransientError):
    """The storage said that it had written a photo, and does not have it, or not all of it."""

    code: ClassVar[str] = "photo_lost"
    http_status: ClassVar[int] = 503


class NoPhotosError(PermanentError):
    """There are no photos here that anything could be done with."""

    code: ClassVar[str] = "no_photos"
    http_status: ClassVar[int] = 409


class UnknownArchiveError(PermanentError):
    """The organisation has no such archive, or it has expired."""

    code: ClassVar[str] = "archive_not_found"
    http_status: ClassVar[int] = 404


class ArchiveNotReadyError(PermanentError):
    """The archive has no file yet, or none any more."""

    code: ClassVar[str] = "archive_not_ready"
    http_status: ClassVar[int] = 409


class ArchiveExpiredError(PermanentError):
    """The time of the archive was over before it was built."""

    code: ClassVar[str] = "archive_expired"
    http_status: ClassVar[int] = 410


class ArchiveTooLargeError(PermanentError):
    """More photos, or larger ones, than one archive takes; or than can be waited for."""

    code: ClassVar[str] = "archive_too_large"
    http_status: ClassVar[int] = 409


class PhotoGoneError(PermanentError):
    """The file of a photo is not in the storage any more: an archive without it would not be what was asked for."""

    code: ClassVar[str] = "photo_gone"
    http_status: ClassVar[int] = 409


class PhotoDiffersError(PermanentError):
    """The file of a photo is not the one that was uploaded: its size or its checksum is another."""

    code: ClassVar[str] = "photo_differs"
    http_status: ClassVar[int] = 409


class ArchiveIncompleteError(TransientError):
    """The storage took an archive, and does not have it, or not all of it."""

    code: ClassVar[str] = "archive_incomplete"
