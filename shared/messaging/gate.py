"""The gate: shut while PostgreSQL is away, so that nothing is taken up that could not be recorded."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_RANDOM = random.Random()
"""Of our own: threads leave the state of the program's alone."""

_AWAY_CLASSES = ("08", "53", "57")
"""SQLSTATE classes of a server that cannot serve: connection exception, insufficient resources, operator intervention."""
_JOBS_OWN = {"25P03", "57014"}
"""Its transaction was left idle for too long, which ends the connection; its statement took too long."""
_READ_ONLY = "25006"
"""A standby: it answers, and nothing can be written."""
_AGAIN = {"40001", "40P01"}
"""Serialization failure and deadlock: PostgreSQL says to run the transaction again."""


class DatabaseAwayError(Exception):
    """PostgreSQL cannot be reached, or cannot serve. Not an error of the job."""


def sqlstate_of(error: BaseException) -> str | None:
    """The SQLSTATE of an error of psycopg, bare or wrapped by SQLAlchemy. None if there is none."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return original.sqlstate if isinstance(original, psycopg.Error) else None


def is_database_away(error: BaseException, connection: psycopg.Connection[Any] | None = None) -> bool:
    """True if the error says that the server is away, not that a statement was wrong.

    Where the server did not speak itself (no SQLSTATE), the `connection` on which the statement ran decides: a statement
    that libpq refuses to send leaves it whole.
    """
    if isinstance(error, DatabaseAwayError | PoolTimeoutError):
        return True
    original = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(original, psycopg.Error) or original.sqlstate in _JOBS_OWN:
        return False
    if original.sqlstate is not None:
        is_closed = connection is not None and connection.closed
        return is_closed or original.sqlstate == _READ_ONLY or original.sqlstate.startswith(_AWAY_CLASSES)
    if connection is not None:
        return connection.closed
    if isinstance(error, DBAPIError):
        # Of a statement, or of connecting: then there is none.
        return error.connection_invalidated or error.statement is None
    return isinstance(original, psycopg.OperationalError | psycopg.InterfaceError)


def should_run_again(error: BaseException) -> bool:
    """True for a deadlock or a serialization failure: the same transaction may succeed at once."""
    return sqlstate_of(error) in _AGAIN


class Gate:
    """Open while `probe` succeeds. Shut by whoever meets a database that is away; a thread of its own opens it again."""

    def __init__(self, probe: Callable[[], None], on_change: Callable[[bool], None] = lambda _: None) -> None:
        self._probe = probe
        self._on_change = on_change
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._prober: threading.Thread | None = None
        self._stopped = False

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def shut(self) -> None:
        """Say that the database is away. Whoever says it first starts the probing."""
        with self._lock:
            if self._prober is not None and self._prober.is_alive():
                return
            self._open.clear()
            self._on_change(False)
            self._prober = threading.Thread(target=self._wait_for_database, name="gate", daemon=True)
            self._prober.start()

    def wait(self, seconds: float) -> bool:
        """Wait until the gate is open, at most this long; then a little jitter, so that not all come back at once."""
        end = time.monotonic() + seconds
        while not self._open.wait(min(0.5, max(0.0, end - time.monotonic()))):
            if self._stopped or time.monotonic() >= end:
                return False
        time.sleep(_RANDOM.uniform(0, 0.25))
        return True

    def stop(self) -> None:
        """The process is ending: nobody waits for the database any longer."""
        self._stopped = True

    def _wait_for_database(self) -> None:
        pause = 0.2
        while True:
            try:
                self._probe()
            except Exception as error:  # noqa: BLE001 - whatever the probe meets, the database is not proven to be back
                if not is_database_away(error):
                    pause = 5.0
                time.sleep(pause * _RANDOM.uniform(0.8, 1.2))
                pause = min(pause * 1.5, 2.0)
                continue
            with self._lock:
                self._prober = None
                self._open.set()
            self._on_change(True)
            return
