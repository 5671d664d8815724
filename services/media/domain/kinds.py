"""The kinds of picture that are taken in, told apart by their first bytes: names and headers lie."""

from collections.abc import Mapping
from typing import Final

HEAD: Final = 64
"""So many of a file's first bytes tell what it is."""

EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/tiff": ("tif", "tiff"),
    "image/heic": ("heic", "heif"),
    "image/avif": ("avif",),
}
"""The endings that a file of each kind has, the usual one first."""

MISLABELLED: Final = "mislabelled"

_SIGNATURES: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
)
_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})


def kind_of(head: bytes) -> str | None:
    """The content type of a file that begins so; None for what is no picture, or of a kind that is not taken in."""
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _isobmff(head) if head[4:8] == b"ftyp" else None


def _isobmff(head: bytes) -> str | None:
    """HEIC and AVIF share one container (ISO/IEC 14496-12): the box `ftyp` lists the brands, the main one first.

    `mif1` says no more than that there are pictures inside, so AVIF is looked for first.
    """
    end = min(len(head), int.from_bytes(head[:4], "big"))
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, end - 3, 4))}
    if brands & _AVIF:
        return "image/avif"
    return "image/heic" if brands & _HEIC else None


def is_mislabelled(file_name: str, content_type: str) -> bool:
    """Whether a file's name ends as one of another kind does. An ending that nobody knows says nothing."""
    ending = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    named = next((kind for kind, endings in EXTENSIONS.items() if ending in endings), None)
    return named is not None and named != content_type
