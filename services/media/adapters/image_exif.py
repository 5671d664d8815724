"""EXIF as Pillow gives it: tags and their values, before anybody asks whether they make sense."""

from collections.abc import Callable, Iterator
from typing import Any

from PIL import ExifTags, Image

from services.media.domain.exif import BROKEN, Tags, Told, read
from services.media.domain.exif_blocks import is_sound

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of each orientation upright. Pillow's own exif_transpose also writes the EXIF anew, and fails
where a value in it is of an odd type.
"""
_TURNED_BY_ITS_DECODER = "TIFF"


def told_by(image: Image.Image, *, keeps_place: bool) -> Told:
    """What the EXIF of an opened picture says. Never raises for what is in the file."""
    block = image.info.get("exif")
    faults = [] if not isinstance(block, bytes) or is_sound(block) else [BROKEN]
    tags = dict(_all(lambda: _exif_of(image), faults))
    tags |= dict(_all(lambda: _exif_of(image).get_ifd(ExifTags.IFD.Exif), faults))
    place = dict(_all(lambda: _exif_of(image).get_ifd(ExifTags.IFD.GPSInfo), faults)) if keeps_place else {}
    told = read(tags, place, *image.size)
    return Told(told.facts, (*dict.fromkeys(faults), *told.faults), told.taken_at, told.taken_offset)


def upright_turn(image: Image.Image) -> Image.Transpose | None:
    """What turns the picture upright, once it is decoded; None where nothing must be done."""
    if image.format == _TURNED_BY_ITS_DECODER:
        return None
    try:
        return _UPRIGHT.get(_exif_of(image).get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - see _all: EXIF that cannot be read turns nothing
        return None


def swaps_sides(turn: Image.Transpose | None) -> bool:
    """Whether width becomes height."""
    return turn is not None and turn not in {
        Image.Transpose.FLIP_LEFT_RIGHT,
        Image.Transpose.FLIP_TOP_BOTTOM,
        Image.Transpose.ROTATE_180,
    }


def _exif_of(image: Image.Image) -> Image.Exif:
    """What stands before the pixels. The method of PNG files decodes them all to look behind: a bomb would go off."""
    return Image.Image.getexif(image)


def _all(find: Callable[[], Any], faults: list[str]) -> Iterator[tuple[int, object]]:
    """Each tag of a directory with its value; `faults` gets one where the directory or a value cannot be read."""
    try:
        found: Tags = find()
        names = list(found)
    except Exception:  # noqa: BLE001 - Pillow raises whatever a byte leads it to, and the photo must be kept
        faults.append(BROKEN)
        return
    for name in names:
        try:
            yield name, found[name]
        except Exception:  # noqa: BLE001 - the same, for one value
            faults.append(BROKEN)
