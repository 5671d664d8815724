"""One PostgreSQL and one RabbitMQ for the whole run; a database of its own for each test, and a virtual host where asked.

The servers are started by the process that controls the run, before its workers. A run of tests that need none (unit,
contracts, architecture) starts none.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from tests.support.databases import Database, Template
from tests.support.network import forbid_the_outside
from tests.support.parameters import id_of
from tests.support.reaper import IN_MEMORY, prefix_of, watch_over_this_run
from tests.support.vhosts import VirtualHost

LONGEST_FIRST = ("faults", "e2e", "integration")
NEED_NO_SERVER = ("tests/unit", "tests/contracts", "tests/architecture")
POSTGRES, RABBITMQ = "BELLHOP_TEST_POSTGRES_URL", "BELLHOP_TEST_RABBITMQ_URL"
MANAGEMENT, NODE = "BELLHOP_TEST_MANAGEMENT_URL", "BELLHOP_TEST_RABBITMQ_FOLDER"
ROOM_BYTES = 4 * 1024**3
settings.register_profile(
    "bellhop", deadline=None
)  # how long an example takes says more about the machine than about it
settings.load_profile("bellhop")
_running: list[Postgres | RabbitMQ] = []
_folders: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the controlling process."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    watch_over_this_run()
    if POSTGRES in os.environ:
        return
    root = config.rootpath
    paths = [Path(argument.split("::")[0]) for argument in config.args]
    relative = [str((root / path).resolve().relative_to(root)) for path in paths]
    if all(path.startswith(NEED_NO_SERVER) for path in relative):
        return
    folder = Path(tempfile.mkdtemp(prefix=prefix_of("tests"), dir=_quick_folder()))
    folder.chmod(0o755)
    _folders.append(folder)
    postgres, rabbitmq = Postgres(folder / "postgres", durable=False), RabbitMQ(folder / "rabbitmq")
    for server in (postgres, rabbitmq):
        server.start()
        _running.append(server)
    Template(postgres.url).create()
    os.environ |= {POSTGRES: postgres.url, RABBITMQ: rabbitmq.url}
    os.environ |= {MANAGEMENT: rabbitmq.management_url, NODE: str(rabbitmq.folder)}


def _quick_folder() -> Path | None:
    """A database is cloned for each test: in memory ten times as fast as on a disk. None where there is no room."""
    roomy = IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES
    return IN_MEMORY if roomy else None


def pytest_unconfigure() -> None:
    """Stop what was started, also after a failure."""
    for server in reversed(_running):
        server.stop()
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin first, so that none of them is what a run waits for at its end."""
    items.sort(key=lambda item: [f"/tests/{part}/" in item.path.as_posix() for part in LONGEST_FIRST], reverse=True)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Every value of the suite that has no id gets one here."""
    return id_of(val, argname)


@pytest.fixture(autouse=True)
def _no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting to anything but this machine is an error in every test."""
    forbid_the_outside(monkeypatch)


@pytest.fixture
def database() -> Iterator[Database]:
    """A fresh database with all schemas, cloned from the migrated template."""
    with Template(os.environ[POSTGRES]).clone() as cloned:
        yield cloned


@pytest.fixture
def node() -> RabbitMQ:
    """The run's RabbitMQ as a node, for what only its own tools can do. All tests share it: nobody stops it."""
    return RabbitMQ(Path(os.environ[NODE]))


@pytest.fixture
def rabbitmq() -> Iterator[VirtualHost]:
    """An empty virtual host of the run's RabbitMQ."""
    with VirtualHost.fresh(os.environ[RABBITMQ], os.environ[MANAGEMENT]) as vhost:
        yield vhost
