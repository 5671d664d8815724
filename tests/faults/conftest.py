"""A toy shop on the run's servers, and one on servers of its own, which may be killed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ, Version
from tests.faults.shop import Shop, open_shop
from tests.support.databases import Template
from tests.support.reaper import prefix_of
from tests.support.vhosts import VirtualHost

TIMEOUT_SECONDS = 300
"""Servers that start, on a machine that does other things besides, take their time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests here have longer than others, unless they say how long themselves."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@dataclass(frozen=True)
class Servers:
    """A database server and a broker that a test may stop and kill, if it starts them again."""

    postgres: Postgres
    rabbitmq: RabbitMQ


@pytest.fixture(
    scope="session", params=["installed", pytest.param("4", marks=[pytest.mark.long, pytest.mark.rabbitmq4])]
)
def version(request: pytest.FixtureRequest) -> Version:
    """Every fault is tried on the RabbitMQ that is installed, and on RabbitMQ 4."""
    wanted: Version = request.param
    return wanted


@pytest.fixture(scope="session")
def servers(version: Version) -> Iterator[Servers]:
    """Servers of the fault tests' own, started once. Each test leaves them running."""
    with tempfile.TemporaryDirectory(prefix=prefix_of("faults"), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Postgres(folder / "postgres") as postgres, RabbitMQ(folder / "rabbitmq", version=version) as rabbitmq:
            Template(postgres.url).create()
            yield Servers(postgres, rabbitmq)


@pytest.fixture
def shop(version: Version, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A toy shop without processes yet, on servers that stay up: those of the whole run, if the version allows."""
    if version == "installed":
        database, vhost = request.getfixturevalue("database"), request.getfixturevalue("rabbitmq")
        with open_shop(database, vhost, tmp_path) as opened:
            yield opened
    else:
        with _shop_on(request.getfixturevalue("servers"), tmp_path) as opened:
            yield opened


@pytest.fixture
def own_shop(servers: Servers, tmp_path: Path) -> Iterator[Shop]:
    """A toy shop on servers that may be killed. Its queues are old enough for that."""
    with _shop_on(servers, tmp_path, settle=True) as opened:
        yield opened


@contextmanager
def _shop_on(servers: Servers, folder: Path, *, settle: bool = False) -> Iterator[Shop]:
    rabbitmq = servers.rabbitmq
    with (
        Template(servers.postgres.url).clone() as database,
        VirtualHost.fresh(rabbitmq.url, rabbitmq.management_url) as vhost,
        open_shop(database, vhost, folder, settle=settle) as opened,
    ):
        yield opened
