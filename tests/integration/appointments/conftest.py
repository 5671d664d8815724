"""The gateway with this service mounted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.appointments.front import Front, serving
from tests.support.databases import Database


@pytest.fixture
def front(database: Database, tmp_path: Path) -> Iterator[Front]:
    """Nothing is set up in the settings."""
    with serving(database, tmp_path) as served:
        yield served
