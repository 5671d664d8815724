"""What a file is, its first bytes say."""

import pytest

from services.media.domain.kinds import HEAD, is_mislabelled, kind_of
from tests.support.photos import HEIC, file_of, scene


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("AVIF", "image/avif"),
    ],
)
def test_pictures_are_told_apart(kind: str, content_type: str) -> None:
    """By a few bytes of them."""
    assert kind_of(file_of(scene(16, 16), kind)[:HEAD]) == content_type


def test_photos_of_telephones_are_known() -> None:
    """HEIC and AVIF share their container."""
    assert kind_of(HEIC[:HEAD]) == "image/heic"
    assert kind_of(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic") == "image/heic"
    assert kind_of(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif") == "image/avif"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GIF",
        b"%PDF-1.7",
        b"<svg xmlns",
        b"BM6\x00",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"\x00\x00\x00\x18ftypmp42",
        b"MZ",
    ],
)
def test_what_is_no_picture_is_none(head: bytes) -> None:
    """Whatever it is called."""
    assert kind_of(head) is None


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("a.jpg", "image/jpeg", False),
        ("a.JPEG", "image/jpeg", False),
        ("a.png", "image/jpeg", True),
        ("a.heif", "image/heic", False),
        ("a.tmp", "image/heic", False),
        ("png", "image/jpeg", False),
        ("a.jpg.gif", "image/jpeg", True),
    ],
)
def test_names_that_lie_are_noticed(name: str, content_type: str, *, expected: bool) -> None:
    """Only those that say something."""
    assert is_mislabelled(name, content_type) is expected
