"""Photos: where they are, what is known of them, and under which keys their files lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.retention import Prefix, kept_with

PHOTOS: Final = Prefix("photos", kept_with("media.photos"))
"""Originals, and beside each its thumbnails."""
LONGEST_NAME: Final = 255
CONTENT_TYPES: Final = {"webp": "image/webp", "jpg": "image/jpeg"}
"""Of thumbnails, by the ending of their names."""


class PhotoState(StrEnum):
    """`receiving` while the file comes in, `uploaded` when it is whole, `ready` when it was read and its thumbnails made.

    `failed` is a photo that could not be worked on, through no fault of its file: it can be tried again.
    """

    RECEIVING = "receiving"
    UPLOADED = "uploaded"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo belongs: to an album or to an order, exactly one of them."""

    album_id: UUID | None
    order_id: UUID | None


@dataclass(frozen=True, slots=True)
class Upload:
    """What is known of a file that came in: its size in bytes, checksums, and its kind by content."""

    file_name: str
    content_type: str
    size: int
    sha256: bytes
    crc32: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as its row says (models.PhotoRow explains each field)."""

    id: UUID
    organisation_id: UUID
    album_id: UUID | None
    order_id: UUID | None
    state: str
    file_name: str
    storage_key: str
    content_type: str | None
    size: int | None
    sha256: bytes | None
    crc32: int | None
    width: int | None
    height: int | None
    taken_at: datetime | None
    taken_offset: int | None
    facts: Mapping[str, Any]
    faults: Sequence[str]
    renditions: Sequence[Mapping[str, Any]]
    duplicate_of: UUID | None
    failure: str | None
    created_at: datetime
    uploaded_at: datetime | None
    processed_at: datetime | None

    @property
    def is_whole(self) -> bool:
        """Whether its file has been stored."""
        return self.state != PhotoState.RECEIVING


def folder_of(organisation_id: UUID, photo_id: UUID) -> str:
    """Where all files of a photo lie."""
    return PHOTOS.key(organisation_id, photo_id)


def original_key(organisation_id: UUID, photo_id: UUID) -> str:
    """The key of the file as it was sent."""
    return f"{folder_of(organisation_id, photo_id)}/original"


def rendition_key(organisation_id: UUID, photo_id: UUID, rendition: str) -> str:
    """The key of a thumbnail, whose name is such as `320.webp`."""
    return f"{folder_of(organisation_id, photo_id)}/{rendition}"


def cleaned_name(given: str | None) -> str:
    """A file's name as it is kept: without the folders that some browsers send, control characters, or excess length.

    It is shown and put into archives, and never used as a path.
    """
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable()).strip()
    return kept[-LONGEST_NAME:] or "photo"
