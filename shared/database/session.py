"""The unit of work: one session, one transaction, one commit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.orm import Session

UnitOfWork = Callable[[], AbstractContextManager[Session]]


PUBLISHED = "bellhop.published"
"""Key of `session.info`: true once the transaction has written to the outbox or the schedule."""
_OUTBOX_IDS = "bellhop_outbox_ids"

OnPublished = Callable[[Sequence[int]], None]
"""Told after a commit that published, with the ids of the outbox rows that are known: it wakes the relay."""


def unit_of_work(engine: Engine, on_published: OnPublished | None = None) -> UnitOfWork:
    """A factory of transactions: `with work() as session:` commits at the end of the block, or rolls back on an error.

    `on_published` is called after a commit that wrote to the outbox or the schedule.
    """

    @contextmanager
    def work() -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session:
            yield session
            written = take_outbox_ids(session)
            commit(session)
            if on_published is not None and session.info.get(PUBLISHED):
                on_published(written)

    return work


def note_outbox_ids(connection: psycopg.Connection[Any], ids: Iterable[int]) -> None:
    """Remember which outbox rows this connection wrote, until its commit tells the relay. Ids of what was undone do no
    harm: nobody finds a row under them.
    """
    connection.__dict__.setdefault(_OUTBOX_IDS, []).extend(ids)


def take_outbox_ids(session: Session) -> list[int]:
    """The ids noted on the session's connection since they were taken last. Asked before the commit."""
    if not session.info.get(PUBLISHED):
        return []
    noted: list[int] = driver(session).__dict__.pop(_OUTBOX_IDS, [])
    return noted


def driver(session: Session) -> psycopg.Connection[tuple[object, ...]]:
    """The psycopg connection of the session's transaction, for statements where each microsecond counts.

    What runs on it is part of the session's transaction. Only `shared` uses it; a service's SQL is in its repository.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


class LostTransactionError(RuntimeError):
    """A statement of this transaction failed, and whoever called it caught the error and went on: nothing was written.

    PostgreSQL answers such a COMMIT with a quiet ROLLBACK. It is a bug of the caller: an error that is expected is
    caught outside of `with session.begin_nested():`.
    """


def commit(session: Session, last: bytes = b"") -> None:
    """Write everything, and make sure that it was written. Raises LostTransactionError, SQLAlchemy's DBAPIError.

    It is the end of the session: nothing else may be asked of it. One round trip past SQLAlchemy's and psycopg's
    layers, which cost as much as the commit of a small job itself; the statement `last` goes along, with its semicolon.
    """
    if not session.in_transaction():
        return
    session.flush()
    connection = driver(session)
    if connection.info.transaction_status is TransactionStatus.IDLE:
        return
    try:
        result = execute_at_once(connection, last + b"COMMIT")
    except psycopg.Error as error:
        raise DBAPIError.instance("COMMIT", None, error, psycopg.Error) from error
    if result.command_status != b"COMMIT":
        raise LostTransactionError("a failed statement undid this transaction: its error was caught and not passed on")


def abandon(session: Session) -> None:
    """Undo everything, and close the connection: an interrupt may have struck in the middle of the protocol, so it cannot
    be used again. Between two statements its locks are given up at once; otherwise when the server notices, as it does
    where SQLAlchemy has closed the connection already.
    """
    with suppress(psycopg.Error, PendingRollbackError):
        connection = driver(session)
        if connection.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            execute_at_once(connection, b"ROLLBACK")
    session.invalidate()


def execute_at_once(connection: psycopg.Connection[Any], query: bytes) -> PGresult:
    """Run a query without parameters, in one blocking call of libpq. Raises psycopg.Error, as a cursor would."""
    result = connection.pgconn.exec_(query)
    if result.status in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
        return result
    if connection.pgconn.status != ConnStatus.OK and result.error_field(DiagnosticField.SQLSTATE) is None:
        raise psycopg.OperationalError(f"the connection was lost: {result.get_error_message()}")
    raise psycopg.errors.error_from_result(result)
