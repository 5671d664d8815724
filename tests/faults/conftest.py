"""A toy shop on the run's servers, and one on servers of its own, which may be killed."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from tests.faults.shop import Shop, open_shop
from tests.support.databases import Database, Template
from tests.support.vhosts import VirtualHost


@dataclass(frozen=True)
class Servers:
    """A database server and a broker that a test may stop and kill, if it starts them again."""

    postgres: Postgres
    rabbitmq: RabbitMQ


@pytest.fixture
def shop(database: Database, rabbitmq: VirtualHost, tmp_path: Path) -> Iterator[Shop]:
    """A toy shop without processes yet, on the servers that all tests share."""
    with open_shop(database, rabbitmq, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Servers of the fault tests' own, started once. Each test leaves them running."""
    with tempfile.TemporaryDirectory(prefix="bellhop-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Postgres(folder / "postgres") as postgres, RabbitMQ(folder / "rabbitmq") as rabbitmq:
            Template(postgres.url).create()
            yield Servers(postgres, rabbitmq)


@pytest.fixture
def own_shop(servers: Servers, tmp_path: Path) -> Iterator[Shop]:
    """A toy shop on servers that may be killed. Its queues are old enough for that."""
    rabbitmq = servers.rabbitmq
    with (
        Template(servers.postgres.url).clone() as database,
        VirtualHost.fresh(rabbitmq.url, rabbitmq.management_url) as vhost,
        open_shop(database, vhost, tmp_path, settle=True) as opened,
    ):
        yield opened
