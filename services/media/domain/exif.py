"""What EXIF tells of a photo, read with distrust: cameras, phones and editors write what they like.

Tags and their types are those of CIPA DC-008 (Exif 3.0), sections 4.6.4 to 4.6.6. A value that cannot be what it says
becomes a fault with the name of its field, and the other fields are read all the same. IFD1, which describes the small
picture that a camera puts into the file, is never looked at.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

Tags = Mapping[int, object]
"""Values by tag: numbers, anything that `float` takes, text, bytes, or sequences of these."""

BROKEN: Final = "exif_broken"
"""The fault of a file whose EXIF cannot be read at all."""
LONGEST_TEXT: Final = 200

_MAKE, _MODEL, _ORIENTATION, _DATE_TIME = 0x010F, 0x0110, 0x0112, 0x0132
_EXPOSURE, _F_NUMBER, _ISO, _EXPOSURE_INDEX = 0x829A, 0x829D, 0x8827, 0x8832
_ORIGINAL, _DIGITIZED = 0x9003, 0x9004
_OFFSET, _OFFSET_ORIGINAL, _OFFSET_DIGITIZED = 0x9010, 0x9011, 0x9012
_FOCAL, _FOCAL_35, _LENS = 0x920A, 0xA405, 0xA434
_WIDTH, _HEIGHT = 0xA002, 0xA003
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = 1, 2, 3, 4, 5, 6

_DATES: Final = ((_ORIGINAL, _OFFSET_ORIGINAL), (_DIGITIZED, _OFFSET_DIGITIZED), (_DATE_TIME, _OFFSET))
"""Where the date is looked for, the best first, each with the tag of its offset."""
_DATE: Final = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_UNSET: Final = re.compile(r"[0: ]*")
"""Cameras whose clock was never set write zeros or blanks: that is no date, and no fault."""
_OFFSET_TEXT: Final = re.compile(r"([+-])(\d\d):(\d\d)")
_FARTHEST_OFFSET: Final = 14 * 60


class _OddError(ValueError):
    """A value cannot be what it says it is."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was read. `taken_at` is the wall clock of the camera, labelled as UTC; `taken_offset` is in minutes."""

    facts: Mapping[str, Any]
    faults: tuple[str, ...]
    taken_at: datetime | None
    taken_offset: int | None


def read(tags: Tags, place: Tags, width: int, height: int) -> Told:
    """Read the tags of a picture and of its place (empty where that is not kept).

    `width` and `height` are what the picture really has, before it is turned upright.
    """
    reading = _Reading(tags, place)
    reading.take("camera", _camera)
    reading.take("lens", lambda tags: _text(tags.get(_LENS)))
    reading.take("iso", _iso)
    reading.take("exposure", _exposure)
    reading.take("aperture", lambda tags: _positive(tags.get(_F_NUMBER), 1000, digits=2))
    reading.take("focal_length", lambda tags: _positive(tags.get(_FOCAL), 100_000, digits=2))
    reading.take("focal_length_35mm", lambda tags: _positive(tags.get(_FOCAL_35), 100_000, digits=0))
    reading.take("orientation", _orientation)
    reading.take("size", lambda tags: _check_size(tags, width, height))
    reading.take("place", lambda _: _place(place))
    taken_at = reading.take("date", _date, is_fact=False)
    offset = reading.take("offset", _offset, is_fact=False) if taken_at is not None else None
    return Told(reading.facts, tuple(reading.faults), taken_at, offset)


class _Reading:
    """Collects what is found, and what is odd."""

    def __init__(self, tags: Tags, place: Tags) -> None:
        self._tags, self._place = tags, place
        self.facts: dict[str, Any] = {}
        self.faults: list[str] = []

    def take(self, name: str, find: Any, *, is_fact: bool = True) -> Any:
        """Find a field. None where there is none, or where it is odd."""
        try:
            found = find(self._tags)
        except (_OddError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError):
            # A file may hold any type under any tag, so whatever a conversion says to it is about the file.
            self.faults.append(f"exif_{name}_odd")
            return None
        if found is not None and is_fact:
            self.facts[name] = found
        return found


def _camera(tags: Tags) -> str | None:
    """Make and model in one; most models begin with the make already."""
    make, model = _text(tags.get(_MAKE)), _text(tags.get(_MODEL))
    if make and model and not model.lower().startswith(make.lower()):
        return f"{make} {model}"
    return model or make


def _text(value: object) -> str | None:
    """Text as it can be kept and shown: what comes behind a NUL was never meant to be read."""
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        raise _OddError
    shown = "".join(letter for letter in value.split("\x00")[0] if letter.isprintable())
    return shown.strip()[:LONGEST_TEXT] or None


def _single(value: object) -> object:
    """A tag of one value may be written as a list of one, or of many: the first counts."""
    if isinstance(value, (list, tuple)):
        return value[0]
    return value


def _number(value: object) -> float:
    number = float(_single(value))  # type: ignore[arg-type] # whatever is there: what float refuses is odd
    if not math.isfinite(number):
        raise _OddError
    return number


def _positive(value: object, most: float, digits: int) -> float | int | None:
    """A number over 0; 0 is how many lenses without contacts say that they do not know."""
    if value is None:
        return None
    number = _number(value)
    if not 0 <= number <= most:
        raise _OddError
    rounded = round(number, digits)
    return (rounded if digits else int(rounded)) or None


def _iso(tags: Tags) -> int | None:
    """The sensitivity; where it passes 65,535 only the second tag can hold it."""
    sensitivity = tags.get(_ISO)
    if sensitivity is None or _number(sensitivity) == 65_535:
        sensitivity = tags.get(_EXPOSURE_INDEX, sensitivity)
    found = _positive(sensitivity, 100_000_000, digits=0)
    return None if found is None else int(found)


def _exposure(tags: Tags) -> str | None:
    """Seconds, as photographers write them: 1/250, or 2.5."""
    value = tags.get(_EXPOSURE)
    if value is None:
        return None
    seconds = _number(value)
    if not 0 <= seconds <= 1_000_000:
        raise _OddError
    if seconds == 0:
        return None
    return f"1/{round(1 / seconds)}" if seconds < 0.3 else f"{seconds:.1f}".removesuffix(".0")


def _orientation(tags: Tags) -> None:
    """How the picture must be turned; the adapter does it, so only an impossible value is told."""
    value = tags.get(_ORIENTATION)
    if value is not None and _number(value) not in range(1, 9):
        raise _OddError


def _check_size(tags: Tags, width: int, height: int) -> None:
    """Editors crop and turn, and leave the camera's numbers standing."""
    told = (tags.get(_WIDTH), tags.get(_HEIGHT))
    if None not in told and sorted(map(_number, told)) not in ([0, 0], sorted((width, height))):
        raise _OddError


def _date(tags: Tags) -> datetime | None:
    text = _date_text(tags)[0]
    if text is None:
        return None
    found = _DATE.match(text)
    if found is None:
        raise _OddError
    return datetime(*(int(part) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc] # six parts


def _offset(tags: Tags) -> int | None:
    text = _text(tags.get(_date_text(tags)[1]))
    if text is None or not text.strip(": "):
        return None
    if text == "Z":
        return 0
    found = _OFFSET_TEXT.fullmatch(text)
    if found is None:
        raise _OddError
    minutes = int(found[2]) * 60 + int(found[3])
    if minutes > _FARTHEST_OFFSET or int(found[3]) > 59:
        raise _OddError
    return -minutes if found[1] == "-" else minutes


def _date_text(tags: Tags) -> tuple[str | None, int]:
    """The first date that is set, and the tag of its offset."""
    for tag, offset in _DATES:
        text = _text(tags.get(tag))
        if text is not None and not _UNSET.fullmatch(text):
            return text, offset
    return None, _OFFSET


def _place(place: Tags) -> dict[str, float] | None:
    if _LATITUDE not in place or _LONGITUDE not in place:
        return None
    latitude = _degrees(place[_LATITUDE], _text(place.get(_LATITUDE_REF)), "NS", 90)
    longitude = _degrees(place[_LONGITUDE], _text(place.get(_LONGITUDE_REF)), "EW", 180)
    found = {"latitude": latitude, "longitude": longitude}
    if _ALTITUDE in place:
        metres = _number(place[_ALTITUDE])
        below = place.get(_ALTITUDE_REF) in {1, b"\x01"}
        found["altitude"] = round(-metres if below else metres, 1)
    return found


def _degrees(value: Any, reference: str | None, directions: str, most: int) -> float:
    """Degrees from degrees, minutes and seconds; six decimals are 11 cm."""
    if reference is None or reference.upper() not in directions:
        raise _OddError
    degrees, minutes, seconds = (_number(part) for part in (*value, 0, 0)[:3])
    total = degrees + minutes / 60 + seconds / 3600
    if min(degrees, minutes, seconds) < 0 or total > most:
        raise _OddError
    return round(-total if reference.upper() == directions[1] else total, 6)
