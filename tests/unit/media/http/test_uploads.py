"""Files that come in are known by their content."""

import hashlib
import io
import zlib

import pytest

from services.media.errors import NotAPictureError, PhotoTooLargeError
from services.media.http.uploads import PIECE, pieces_of, read_upload
from tests.support.photos import photo


def test_an_upload_is_known_by_its_bytes() -> None:
    """Kind, size and checksums; its name is only kept."""
    data = photo() + bytes(2 * PIECE)
    upload = read_upload(io.BytesIO(data), "../me.png", len(data))
    assert (upload.file_name, upload.content_type, upload.size) == ("me.png", "image/jpeg", len(data))
    assert (upload.sha256, upload.crc32) == (hashlib.sha256(data).digest(), zlib.crc32(data))


def test_files_are_read_in_pieces() -> None:
    """From the beginning, wherever somebody stopped."""
    file = io.BytesIO(bytes(PIECE + 5))
    file.seek(100)
    assert [len(piece) for piece in pieces_of(file)] == [PIECE, 5]


def test_too_large_is_refused() -> None:
    """By a single byte."""
    data = photo()
    with pytest.raises(PhotoTooLargeError):
        read_upload(io.BytesIO(data), "a.jpg", len(data) - 1)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 and so on", b"<svg/>"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Even as a .jpg."""
    with pytest.raises(NotAPictureError):
        read_upload(io.BytesIO(data), "a.jpg", 1000)
