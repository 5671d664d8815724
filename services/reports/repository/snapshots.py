"""Transactions that read one snapshot of the database, however long they take."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

Snapshot = Callable[[], AbstractContextManager[Session]]


def snapshots(engine: Engine) -> Snapshot:
    """A factory of sessions: `with snapshot() as session:` sees the database as it is at its first query, and cannot
    write (PostgreSQL, "Repeatable Read Isolation Level").
    """

    @contextmanager
    def snapshot() -> Iterator[Session]:
        with engine.connect() as connection:
            reading = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with Session(reading) as session:
                yield session

    return snapshot
