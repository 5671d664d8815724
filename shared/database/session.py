"""The unit of work: one session, one transaction, one commit."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import Session

UnitOfWork = Callable[[], AbstractContextManager[Session]]


PUBLISHED = "bellhop.published"
"""Key of `session.info`: true once the transaction has written to the outbox."""


def unit_of_work(engine: Engine, on_published: Callable[[], None] | None = None) -> UnitOfWork:
    """A factory of transactions: `with work() as session:` commits at the end of the block, or rolls back on an error.

    `on_published` is called after a commit that wrote to the outbox, to wake the relay.
    """

    @contextmanager
    def work() -> Iterator[Session]:
        with Session(engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            if on_published is not None and session.info.get(PUBLISHED):
                on_published()

    return work


def driver(session: Session) -> psycopg.Connection[tuple[object, ...]]:
    """The psycopg connection of the session's transaction, for statements where each microsecond counts.

    What runs on it is part of the session's transaction. Only `shared` uses it; a service's SQL is in its repository.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection
