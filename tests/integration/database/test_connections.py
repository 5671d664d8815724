"""How connections to PostgreSQL are made: pooled or not, all have the same deadlines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import cast, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.pool import NullPool

from shared.database.connections import build_engine, connect
from shared.database.engine import open_engine
from shared.texts import storable_text
from tests.support.databases import Database

Opened = Callable[[Database], Any]


@contextmanager
def alone(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with connect(database.url, "test") as connection:
        yield connection


@contextmanager
def pooled(database: Database) -> Iterator[Any]:
    engine = open_engine(database.url, "toyshop")
    with engine.connect() as connection:
        yield connection.connection.driver_connection
    engine.dispose()


@contextmanager
def migrating(database: Database) -> Iterator[Any]:
    with build_engine(database.url, "migrate", poolclass=NullPool).connect() as connection:
        yield connection.connection.driver_connection


WAYS = pytest.mark.parametrize("way", [alone, pooled, migrating], ids=["alone", "pooled", "migrating"])


@WAYS
def test_every_connection_ends_when_nobody_acknowledges(unchanged: Database, way: Opened) -> None:
    """The timers of the operating system alone come after two hours."""
    with way(unchanged) as connection:
        asked = connection.info.get_parameters()

    names = ("connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
    assert [asked[name] for name in names] == ["3", "10", "5", "3", "20000"]


@WAYS
def test_the_server_too_gives_up_a_client_that_is_gone(unchanged: Database, way: Opened) -> None:
    """Whoever died with its machine holds its locks no longer than half a minute."""
    with way(unchanged) as connection:
        shown = [
            connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        ]

    assert shown == ["10", "5", "3", "20000"]


def test_what_the_url_says_goes_before_ours(unchanged: Database) -> None:
    """Whoever runs a slow network can say so."""
    with connect(f"{unchanged.url}?connect_timeout=9", "test") as connection:
        asked = connection.info.get_parameters()

    assert (asked["connect_timeout"], asked["tcp_user_timeout"]) == ("9", "20000")


def test_a_connection_says_whose_it_is_and_acts_as_its_service(unchanged: Database) -> None:
    """The owner's URL is taken on a laptop; the rights are the service's all the same."""
    with connect(unchanged.url, "test", service="toyshop", settings={"search_path": "toyshop"}) as connection:
        found = connection.execute(
            "SELECT current_setting('application_name'), current_user, current_setting('search_path')"
        ).fetchone()

    assert found == ("bellhop-test", "bellhop_toyshop", "toyshop")


@WAYS
@pytest.mark.parametrize("text", ["no\x00toy", "half \ud83d of it"], ids=["nul", "surrogate"])
def test_every_text_is_taken(unchanged: Database, way: Opened, text: str) -> None:
    """What PostgreSQL cannot hold of it is left out; an exception would lose the row that it stands in."""
    with way(unchanged) as connection:
        taken = connection.execute("SELECT %s::text, %s::jsonb", (text, Jsonb({"text": text}))).fetchone()

    assert taken == (storable_text(text), {"text": storable_text(text)})


def test_every_value_of_a_json_column_is_taken(unchanged: Database) -> None:
    """SQLAlchemy writes JSON by way of its engine's own function."""
    engine = open_engine(unchanged.url, "toyshop")
    with engine.connect() as connection:
        taken = connection.execute(select(cast({"a\x00": "half \ud83d", "b": 2**70}, JSONB))).scalar_one()
    engine.dispose()

    assert taken == {"a": "half \ufffd", "b": str(2**70)}
