"""A database for the tests that change nothing in it."""

import os
from collections.abc import Iterator

import pytest

from tests.conftest import POSTGRES
from tests.support.databases import Database, Template


@pytest.fixture(scope="module")
def unchanged() -> Iterator[Database]:
    """One clone of the migrated template for a whole module."""
    with Template(os.environ[POSTGRES]).clone() as cloned:
        yield cloned
