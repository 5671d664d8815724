"""What the tests of the messaging core share: a shop that runs, a bench for single deliveries, Dramatiq's globals kept."""

import gc
import os
import warnings
from collections.abc import Iterator

import dramatiq
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.conftest import POSTGRES
from tests.integration.messaging.bench import Bench
from tests.integration.messaging.shop import Shop
from tests.support.databases import Database, Template
from tests.support.vhosts import VirtualHost


@pytest.fixture(autouse=True)
def _encoder() -> Iterator[None]:
    """A worker sets Dramatiq's encoder for its whole process; the next test begins with the stock one."""
    encoder = dramatiq.get_encoder()
    yield
    dramatiq.set_encoder(encoder)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What was logged; shown where a test fails."""
    with capture_logs() as entries:
        yield entries
    for entry in entries:
        print(entry)


@pytest.fixture
def cut_connections() -> Iterator[None]:
    """Asked for first by tests that cut connections: pika leaves the sockets of these to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture
def shop(database: Database, rabbitmq: VirtualHost) -> Iterator[Shop]:
    """Servers for relay and worker; the test says which actors there are, and starts what it needs."""
    shop = Shop(database, rabbitmq)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def kept_database() -> Iterator[Database]:
    """One database for the tests of a file: a hundred short tests need not wait for a clone each."""
    with Template(os.environ[POSTGRES]).clone() as cloned:
        yield cloned


@pytest.fixture
def clean_database(kept_database: Database) -> Database:
    """The file's database with nothing in it. Whoever changes its schema asks for `database` instead."""
    tables = kept_database.value(
        "SELECT string_agg(format('%%I.%%I', schemaname, tablename), ', ') FROM pg_tables "
        "WHERE schemaname = ANY(%s) AND tablename <> 'alembic_version'",
        ["messaging", "toyshop"],
    )
    kept_database.query(f"TRUNCATE {tables}")
    return kept_database


@pytest.fixture
def bench(clean_database: Database) -> Bench:
    """Runs single deliveries without a broker."""
    return Bench(clean_database)


@pytest.fixture
def own_bench(database: Database) -> Bench:
    """The same for tests that change the schema."""
    return Bench(database)
