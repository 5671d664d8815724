"""Files that come in: read in pieces, so that no photo ever stands whole in memory."""

import hashlib
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from services.media.domain.kinds import HEAD, kind_of
from services.media.domain.photos import Upload, cleaned_name
from services.media.errors import NotAPictureError, PhotoTooLargeError

PIECE: Final = 1024 * 1024


def read_upload(file: BinaryIO, file_name: str | None, limit: int) -> Upload:
    """What is known of a file: its kind by content, size and checksums.

    Raises NotAPictureError, and PhotoTooLargeError for more than `limit` bytes.
    """
    content_type = kind_of(file.read(HEAD))
    if content_type is None:
        raise NotAPictureError("this is no JPEG, PNG, GIF, WebP, TIFF, HEIC or AVIF file")
    sha256, crc32, size = hashlib.sha256(), 0, 0
    for piece in pieces_of(file):
        size += len(piece)
        if size > limit:
            raise PhotoTooLargeError(f"a photo may have {limit} bytes here")
        sha256.update(piece)
        crc32 = zlib.crc32(piece, crc32)
    return Upload(cleaned_name(file_name), content_type, size, sha256.digest(), crc32)


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    """The whole file from its beginning, piece by piece."""
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece
