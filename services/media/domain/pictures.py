"""What can be known of a picture, and the sizes that it is shown in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small copy of a picture. `name` is its longest edge as it was asked for; `kind` is `webp` or `jpg`."""

    name: str
    kind: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Picture:
    """What was found in a file. Width and height are of the upright picture; None where they cannot be known.

    `taken_at` is the wall clock of the camera, without a zone, `taken_offset` its offset from UTC in minutes where the
    file names one. `faults` names what was wrong with the file.
    """

    content_type: str | None
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    taken_offset: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    thumbnails: Sequence[Thumbnail] = ()
