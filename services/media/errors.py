"""What can go wrong with photos and archives, by name."""

from typing import ClassVar

from shared.errors import PermanentError


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


class NoPhotosError(PermanentError):
    """There are no photos here that anything could be done with."""

    code: ClassVar[str] = "no_photos"
    http_status: ClassVar[int] = 409
