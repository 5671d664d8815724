"""Connections whose answer cannot come, though the network acknowledges all that is sent."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg
import pytest

from shared.database.connections import connect
from shared.database.silence import PATIENCE_LOOKS, SilenceWatch
from tests.faults.test_silence import through
from tests.support.databases import Database
from tests.support.waiting import wait_for


class Middleman:
    """Takes what is said to it, acknowledges it, and passes nothing on once it is told to: a proxy whose server is gone."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._behind = port
        self._deaf: set[socket.socket] = set()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """Pass nothing on any more of the connections that are open. New ones are served."""
        self._deaf.update(self._open)

    def close(self) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                before, _ = self._listening.accept()
                behind = socket.create_connection(("127.0.0.1", self._behind))
                self._open += [before, behind]
                for pair in ((before, behind), (behind, before)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if source not in self._deaf:
                    sink.sendall(data)
            if source not in self._deaf:
                sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Who waits for answers. It ends after the middleman, who ends every wait."""
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.fixture
def middleman(database: Database, pool: ThreadPoolExecutor) -> Iterator[Middleman]:
    man = Middleman(urlsplit(database.url).port or 0)
    yield man
    man.close()


@pytest.fixture
def looking() -> SilenceWatch:
    """One whose looks are the test's."""
    return SilenceWatch(look_seconds=0.25)


def asks(connection: psycopg.Connection[object], statement: str, pool: ThreadPoolExecutor) -> "Future[object]":
    return pool.submit(lambda: connection.execute(statement).fetchone())


def test_whoever_waits_for_an_answer_that_is_lost_gets_an_error(
    database: Database, middleman: Middleman, pool: ThreadPoolExecutor
) -> None:
    """Nothing else would end it: the middleman's kernel acknowledges the question and every keepalive."""
    connection = connect(through(database.url, middleman.port), "test", autocommit=False)
    connection.execute("SELECT pg_advisory_xact_lock(7)")
    middleman.forget()
    error = asks(connection, "SELECT 1", pool).exception(timeout=30)

    assert (type(error), connection.broken) == (psycopg.OperationalError, True)


def test_the_transaction_that_was_left_behind_is_ended(
    database: Database, middleman: Middleman, pool: ThreadPoolExecutor
) -> None:
    """Otherwise its locks would stand in the way of whoever does its work again."""
    connection = connect(through(database.url, middleman.port), "test", autocommit=False)
    connection.execute("SELECT pg_advisory_xact_lock(7)")
    middleman.forget()
    asks(connection, "SELECT 1", pool).exception(timeout=30)

    wait_for(lambda: database.value("SELECT pg_try_advisory_xact_lock(7)"), 10, "the lock to be free")


def test_a_slow_statement_is_left_alone(
    database: Database, middleman: Middleman, pool: ThreadPoolExecutor, looking: SilenceWatch
) -> None:
    """The server works for it: it was asked about many times."""
    with connect(through(database.url, middleman.port), "test") as connection:
        looking.add(connection)
        answer = asks(connection, f"SELECT pg_sleep({(PATIENCE_LOOKS + 4) * 0.25 + 6}), 'slept'", pool)

        assert answer.result(timeout=30) == ("", "slept")
