"""What can be known of a picture, and the sizes that it is shown in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What can be wrong with a file beyond its EXIF (domain.exif). The photo is kept all the same."""

    UNREADABLE = "unreadable"
    """It begins as a picture does, and is none: there are no thumbnails, and no dimensions."""
    TRUNCATED = "truncated"
    """Its end is missing, or broken in the middle: what could be read of it is shown."""
    TOO_LARGE = "too_many_pixels"
    """To decode it would take more memory than there may be: there are no thumbnails."""
    SEVERAL = "several_pictures"
    """An animation, or pages: the first picture is shown."""
    PROFILE = "colour_profile_broken"
    """Its colour profile cannot be used: the colours are taken for sRGB."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of a picture. `name` is such as `320.webp`: the longest edge that was asked for, and the format."""

    name: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """What was found in a file. Width and height are of the upright picture; None where they cannot be known.

    `taken_at` is the wall clock of the camera, labelled as UTC, `taken_offset` its true offset in minutes where the
    file names one. `faults` names what was wrong with the file.
    """

    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    taken_offset: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    thumbnails: Sequence[Thumbnail] = ()


def fitted(width: int, height: int, edge: int) -> tuple[int, int]:
    """The size of a copy whose longer side is at most `edge`, in the same proportions; never larger than the picture."""
    longest = max(width, height)
    if longest <= edge:
        return width, height
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))
