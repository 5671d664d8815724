"""The process is put together from its settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.media.__main__ import build_dependencies
from services.media.adapters.images import PillowPictures
from services.media.settings import MediaSettings
from shared.settings import Settings


def settings(folder: Path, secret_key: str) -> Settings:
    return Settings(
        database_url="postgresql://nowhere",
        rabbitmq_url="memory://",
        storage_url=folder.as_uri(),
        secret_key=SecretStr(secret_key),
    )


def test_nothing_is_needed_but_a_secret_key(tmp_path: Path) -> None:
    """What is not set has a default that works."""
    built = build_dependencies(settings(tmp_path, "a-secret-that-is-long-enough"), MediaSettings())
    assert isinstance(built.pictures, PillowPictures)
    assert built.facts.thumbnails == (320, 800, 1600)


def test_without_a_secret_key_it_does_not_start(tmp_path: Path) -> None:
    """Links could not be signed."""
    with pytest.raises(ValueError, match="SECRET_KEY"):
        build_dependencies(settings(tmp_path, ""), MediaSettings())
