"""A yard for each test."""

import pytest

from tests.integration.messaging.compositions.yard import Yard
from tests.support.databases import Database


@pytest.fixture
def yard(database: Database) -> Yard:
    """Small jobs, run one after the other until nothing is left."""
    return Yard(database)


@pytest.fixture
def twice(database: Database) -> Yard:
    """The same, and every message is delivered twice."""
    return Yard(database, twice=True)
