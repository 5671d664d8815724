"""Settings of media: how large a photo may be, and what is made of it."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import ServiceSettings

MIB = 1024 * 1024


class MediaSettings(ServiceSettings):
    """The environment variables MEDIA_…

    `thumbnails` is a list of three lengths in pixels, with commas: the longest edge of each thumbnail.
    """

    model_config = SettingsConfigDict(
        env_prefix="MEDIA_", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    upload_limit: int = Field(100 * MIB, ge=1024, le=1024 * MIB)
    """Bytes of one photo. The gateway has a limit of its own for every body, GATEWAY_UPLOAD_LIMIT."""
    thumbnails: Annotated[tuple[int, ...], NoDecode] = (320, 800, 1600)
    decode_memory: int = Field(512 * MIB, ge=16 * MIB, le=64 * 1024 * MIB)
    """Bytes that all pictures being decoded in one process may take together. One that needs more gets no thumbnails."""

    archive_photos: int = Field(10_000, ge=1, le=100_000)
    """Photos of one archive."""
    archive_size: int = Field(20 * 1024 * MIB, ge=MIB, le=1024 * 1024 * MIB)
    """Bytes of the photos of one archive together. It must be written within ten minutes."""
    archive_seconds: int = Field(7 * 24 * 3600, ge=60, le=90 * 24 * 3600)
    """How long an archive can be fetched where nobody says otherwise."""
    synchronous_photos: int = Field(20, ge=0, le=1_000)
    """An archive of so many photos, and of `synchronous_size` bytes of them together, can be waited for."""
    synchronous_size: int = Field(64 * MIB, ge=0, le=1024 * MIB)

    @field_validator("thumbnails", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(int(part) for part in value.split(",") if part.strip())
        return value

    @field_validator("thumbnails")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != 3 or any(not 16 <= edge <= 8192 for edge in value):
            raise ValueError("are three different lengths of 16 to 8192 pixels, such as 320,800,1600")
        return tuple(sorted(value))
