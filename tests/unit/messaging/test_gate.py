"""The gate: which errors say that PostgreSQL is away, and who waits for it how long."""

from threading import Event, Thread
from time import monotonic

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import TransientError
from shared.messaging.gate import DatabaseAwayError, Gate, is_database_away, should_run_again, sqlstate_of
from tests.support.waiting import wait_for


def wrapped(error: BaseException, *, lost: bool = False) -> DBAPIError:
    """As SQLAlchemy raises it. `lost`: it saw that the connection is gone."""
    return DBAPIError("SELECT 1", {}, error, connection_invalidated=lost)


AWAY: dict[str, BaseException] = {
    "no server at the address": psycopg.OperationalError("connection refused"),
    "connection closed by us": psycopg.InterfaceError("the connection is closed"),
    "connection failure": errors.ConnectionFailure(),
    "too many connections": errors.TooManyConnections(),
    "disk full": errors.DiskFull(),
    "out of memory": errors.OutOfMemory(),
    "server shuts down": errors.AdminShutdown(),
    "server crashed": errors.CrashShutdown(),
    "server starts": errors.CannotConnectNow(),
    "database dropped": errors.DatabaseDropped(),
    "a standby": errors.ReadOnlySqlTransaction(),
    "pool is empty": PoolTimeoutError(),
    "said by ourselves": DatabaseAwayError(),
}
NOT_AWAY: dict[str, BaseException] = {
    "left its transaction idle": errors.IdleInTransactionSessionTimeout(),
    "statement cancelled": errors.QueryCanceled(),
    "row locked": errors.LockNotAvailable(),
    "deadlock": errors.DeadlockDetected(),
    "serialization": errors.SerializationFailure(),
    "unique": errors.UniqueViolation(),
    "no such table": errors.UndefinedTable(),
    "no right": errors.InsufficientPrivilege(),
    "wrong value": errors.InvalidTextRepresentation(),
    "zero byte": psycopg.DataError("NUL"),
    "of the network, not of the database": ConnectionError(),
    "of a provider": TransientError(),
}


@pytest.mark.parametrize("error", AWAY.values(), ids=AWAY)
def test_server_that_cannot_serve_is_away(error: BaseException) -> None:
    """Bare, or wrapped by SQLAlchemy."""
    assert is_database_away(error)
    assert is_database_away(wrapped(error, lost=True)) is isinstance(error, psycopg.Error)


@pytest.mark.parametrize("error", NOT_AWAY.values(), ids=NOT_AWAY)
def test_other_errors_are_the_job_s(error: BaseException) -> None:
    """They spend an attempt."""
    assert not is_database_away(error)
    assert not is_database_away(wrapped(error))


def test_statement_that_is_not_even_sent_is_the_jobs() -> None:
    """Libpq refuses over 65,535 parameters without a SQLSTATE, and its connection is whole."""
    error = psycopg.OperationalError(
        "sending query and params failed: number of parameters must be between 0 and 65535"
    )

    assert not is_database_away(wrapped(error))


@pytest.mark.parametrize(
    ("error", "again"),
    [(errors.DeadlockDetected(), True), (errors.SerializationFailure(), True), (errors.LockNotAvailable(), False)],
)
def test_deadlock_runs_again_at_once(error: psycopg.Error, again: bool) -> None:
    """PostgreSQL says so."""
    assert (should_run_again(error), should_run_again(wrapped(error))) == (again, again)


def test_sqlstate_is_found_through_the_wrapping() -> None:
    """And is None where there is none."""
    assert sqlstate_of(wrapped(errors.UniqueViolation())) == "23505"
    assert sqlstate_of(ValueError()) is None


class Database:
    """A database that can be away."""

    def __init__(self) -> None:
        self.is_up = False
        self.probes = 0

    def probe(self) -> None:
        self.probes += 1
        if not self.is_up:
            raise psycopg.OperationalError("connection refused")


def test_gate_opens_by_itself_when_the_database_is_back() -> None:
    """Whoever shuts it need not look after it; shutting it twice starts one prober."""
    database = Database()
    changes: list[bool] = []
    gate = Gate(database.probe, changes.append)
    gate.shut()
    gate.shut()
    wait_for(lambda: database.probes > 1, what="two probes")
    shut = gate.is_open

    database.is_up = True
    wait_for(lambda: gate.is_open, what="an open gate")
    wait_for(lambda: len(changes) == 2, what="both changes to be told")

    assert (shut, changes) == (False, [False, True])


def test_gate_can_be_shut_again() -> None:
    """The database goes away more than once."""
    database = Database()
    database.is_up = True
    gate = Gate(database.probe)
    for _ in range(3):
        gate.shut()
        assert wait_for(lambda: gate.is_open, what="an open gate")


def test_waiting_ends_when_the_gate_opens() -> None:
    """All who wait go on, with a little jitter."""
    database = Database()
    gate = Gate(database.probe)
    gate.shut()
    waits: list[bool] = []
    threads = [Thread(target=lambda: waits.append(gate.wait(20))) for _ in range(3)]
    for thread in threads:
        thread.start()

    database.is_up = True
    for thread in threads:
        thread.join(20)

    assert waits == [True] * 3


def test_waiting_ends_after_its_time() -> None:
    """Then the message is parked."""
    gate = Gate(Database().probe)
    gate.shut()
    began = monotonic()

    opened = gate.wait(0.2)

    assert (opened, 0.2 <= monotonic() - began < 30) == (False, True)


def test_waiting_ends_when_the_process_stops() -> None:
    """Nobody waits a minute for a database while the process should end."""
    gate, waited = Gate(Database().probe), Event()
    gate.shut()
    answers: list[bool] = []

    def wait() -> None:
        answers.append(gate.wait(60))
        waited.set()

    Thread(target=wait).start()
    gate.stop()

    assert waited.wait(10)
    assert answers == [False]
