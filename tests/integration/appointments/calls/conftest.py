"""Clinics whose calls are recorded, and a local Retell."""

from collections.abc import Iterator

import pytest

from deploy.local.providers.client import Retell, local_retell
from shared.http.client import HttpClient
from tests.integration.appointments.calls.clinic import RETELL_KEY, Clinic
from tests.support.databases import Database


@pytest.fixture
def clinic(database: Database) -> Clinic:
    """Set up, with a calendar that offers check-ups."""
    found = Clinic(database)
    found.set_up()
    found.open_calendar()
    return found


@pytest.fixture(scope="session")
def _retell() -> Iterator[Retell]:
    with local_retell(RETELL_KEY) as running:
        yield running


@pytest.fixture
def retell(_retell: Retell) -> Retell:
    """A local Retell, as at its beginning."""
    _retell.reset()
    return _retell


@pytest.fixture
def asking(database: Database, retell: Retell) -> Iterator[Clinic]:
    """The same clinic, with Retell to ask."""
    with HttpClient(retell.url, timeout=5) as http:
        found = Clinic(database, http)
        found.set_up()
        found.open_calendar()
        yield found
