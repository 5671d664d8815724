"""The crew of four desks, on a database of its own for all tests of the policies."""

import os
from collections.abc import Iterator

import pytest

from tests.conftest import POSTGRES
from tests.integration.messaging.policies.actors import TABLES
from tests.integration.messaging.policies.crew import Crew
from tests.support.databases import Template
from tests.support.processes import processes


@pytest.fixture(scope="session")
def _crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    with (
        Template(os.environ[POSTGRES]).clone() as database,
        processes(tmp_path_factory.mktemp("desks"), {}) as group,
    ):
        database.query(TABLES)
        yield Crew(database, group)


@pytest.fixture
def crew(_crew: Crew) -> Iterator[Crew]:
    """Four desks that run."""
    _crew.start()
    yield _crew
    _crew.rest()
