"""Pictures, read and made smaller with Pillow and libheif: the one place that knows their formats and their traps.

A decoder raises whatever the bytes of a file lead it to, so that nearly every step here is fenced: what is wrong with a
file becomes a fault of the picture, and never an error of the job.
"""

import io
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final

import pi_heif  # type: ignore[import-untyped] # it has no stubs
from PIL import Image

from services.media.adapters import image_colours
from services.media.adapters.image_exif import swaps_sides, told_by, upright_turn
from services.media.adapters.image_memory import MemoryShare, NoRoomError, needed_for
from services.media.domain.pictures import Fault, Picture, Thumbnail, fitted

SPOOLED: Final = 8 * 1024 * 1024
"""Bytes of a file that are kept in memory; a larger one waits in a temporary file."""
MOST_PIXELS: Final = 250_000_000
"""No camera has more; where a file says so it is a bomb, and is not looked at any further."""
JPEG_QUALITY: Final = 82
WEBP_QUALITY: Final = 80
REDUCING_GAP: Final = 2.0
"""What Pillow's own `thumbnail` takes: a quick reduction to no less than twice the size, then a good one."""

_FORMATS: Final = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/heic": ("HEIF",),
    "image/avif": ("AVIF",),
}
_MANY_PICTURES_IN_ONE_SHOT: Final = "MPO"
"""Phones put a depth map or a preview behind the photo: that is no animation."""


class PillowPictures:
    """Reads pictures. One for each process: what it sets up in Pillow holds for the whole process."""

    def __init__(self, decode_memory: int) -> None:
        """`decode_memory` is in bytes, for all threads together."""
        self._memory = MemoryShare(decode_memory)
        Image.MAX_IMAGE_PIXELS = MOST_PIXELS
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

    def look(self, pieces: Iterable[bytes], content_type: str, edges: Sequence[int], *, keeps_place: bool) -> Picture:
        """Read a file of this kind, and make a thumbnail as WebP and one as JPEG for each of these longest edges.

        Raises what `pieces` raises, and OSError where there is no room for a temporary file; nothing else.
        """
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as file:
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            try:
                image = Image.open(file, formats=_FORMATS[content_type])
            except (Image.DecompressionBombWarning, Image.DecompressionBombError):
                return Picture(faults=(Fault.TOO_LARGE,))
            except Exception:  # noqa: BLE001 - see the top of this file
                return Picture(faults=(Fault.UNREADABLE,))
            with image:
                return _Look(image, self._memory, keeps_place=keeps_place).picture(edges)


class _Look:
    """One picture that is open, and what was found wrong with it so far."""

    def __init__(self, image: Image.Image, memory: MemoryShare, *, keeps_place: bool) -> None:
        self._image, self._memory = image, memory
        self._told = told_by(image, keeps_place=keeps_place)
        self._faults: list[str] = list(self._told.faults)
        self._turn = upright_turn(image)
        sides = image.size
        self._whole = sides
        self._upright = (sides[1], sides[0]) if swaps_sides(self._turn) else sides

    def picture(self, edges: Sequence[int]) -> Picture:
        facts = {**self._told.facts, "mode": self._image.mode}
        if self._has_several():
            self._faults.append(Fault.SEVERAL)
        thumbnails = self._thumbnails(edges)
        return Picture(
            *self._upright,
            taken_at=self._told.taken_at,
            taken_offset=self._told.taken_offset,
            facts=facts,
            faults=tuple(self._faults),
            thumbnails=thumbnails,
        )

    def _has_several(self) -> bool:
        try:
            return self._image.format != _MANY_PICTURES_IN_ONE_SHOT and getattr(self._image, "is_animated", False)
        except Exception:  # noqa: BLE001 - the first picture may be sound although the second is not
            return False

    def _thumbnails(self, edges: Sequence[int]) -> list[Thumbnail]:
        try:
            self._image.draft(None, fitted(*self._whole, max(edges)))
            with self._memory.taken(needed_for(self._image, self._whole)):
                largest = self._reduced(max(edges))
            made = list(self._copies(largest, edges))
        except (NoRoomError, MemoryError):
            self._faults.append(Fault.TOO_LARGE)
            return []
        except Exception:  # noqa: BLE001 - see the top of this file
            self._faults.append(Fault.UNREADABLE)
            return []
        return made

    def _reduced(self, edge: int) -> Image.Image:
        """The picture decoded, and as large as the largest thumbnail, in its own colours."""
        is_whole = self._decoded()
        image, size = image_colours.resizable(self._image), fitted(*self._whole, edge)
        if image.size != size:
            image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP)
        if not is_whole:
            if image_colours.is_plain(image):
                raise ValueError("nothing of it could be decoded")
            self._faults.append(Fault.TRUNCATED)
        if image is not self._image:
            self._image.close()  # its pixels go now, while the memory for them is still held
        return image

    def _decoded(self) -> bool:
        """Decode. False where it broke off: the lines before that are there, the others are empty."""
        try:
            self._image.load()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - see the top of this file
            self._image.tile = []  # type: ignore[attr-defined] # of ImageFile: nothing more is to be decoded
            return False
        return True

    def _copies(self, largest: Image.Image, edges: Sequence[int]) -> Iterator[Thumbnail]:
        """From the largest to the smallest, each made from the one before."""
        image, profile, sound = image_colours.in_colours(largest, self._image.info.get("icc_profile"))
        if not sound:
            self._faults.append(Fault.PROFILE)
        if self._turn is not None:
            image = image.transpose(self._turn)
        encoded: tuple[bytes, bytes] | None = None
        for edge in sorted(edges, reverse=True):
            size = fitted(*self._upright, edge)
            if image.size != size:
                image, encoded = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=REDUCING_GAP), None
            if encoded is None:
                encoded = _as_webp(image, profile), _as_jpeg(image, profile)
            yield Thumbnail(f"{edge}.webp", *size, encoded[0])
            yield Thumbnail(f"{edge}.jpg", *size, encoded[1])


def _as_webp(image: Image.Image, profile: bytes | None) -> bytes:
    return _saved(image, format="WEBP", quality=WEBP_QUALITY, icc_profile=profile)


def _as_jpeg(image: Image.Image, profile: bytes | None) -> bytes:
    return _saved(
        image_colours.on_white(image), format="JPEG", quality=JPEG_QUALITY, progressive=True, icc_profile=profile
    )


def _saved(image: Image.Image, **options: object) -> bytes:
    """The file of a picture with nothing but its pixels and its profile: no comment, no EXIF, no XMP, no place."""
    image.info = {}
    file: IO[bytes] = io.BytesIO()
    image.save(file, **options)  # type: ignore[arg-type] # Pillow passes options on to the format
    assert isinstance(file, io.BytesIO)
    return file.getvalue()
