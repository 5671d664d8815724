"""Fixtures of ticketing's tests."""

from pathlib import Path

import pytest

from tests.integration.ticketing.scene import Scene
from tests.support.databases import Database


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    """An organisation that has nothing on sale yet."""
    return Scene(database, tmp_path)
