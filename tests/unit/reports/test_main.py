"""What the process of reports puts together."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.reports.__main__ import build_dependencies
from shared.settings import Settings
from tests.support.databases import SECRET_KEY


def settings(folder: Path, secret_key: str) -> Settings:
    return Settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        rabbitmq_url="memory://",
        storage_url=folder.as_uri(),
        secret_key=SecretStr(secret_key),
    )


def test_everything_is_there_before_anything_is_connected(tmp_path: Path) -> None:
    """The database of these settings does not exist: nobody has asked it yet."""
    built = build_dependencies(settings(tmp_path, SECRET_KEY))

    assert built.for_exports.pdf_rows == 3_000
    assert built.for_imports.days == 7


def test_without_a_secret_no_links_can_be_made(tmp_path: Path) -> None:
    """The process ends at its start, and says why."""
    with pytest.raises(ValueError, match="SECRET_KEY is empty"):
        build_dependencies(settings(tmp_path, ""))
