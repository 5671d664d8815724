"""Waiting for rows that others hold."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from services.ticketing.errors import StockBusyError


@contextmanager
def bounded_wait() -> Iterator[None]:
    """Raises StockBusyError where PostgreSQL ended the wait: its lock_timeout (3 s, set by the engine) was reached.

    A deadlock goes on as what it is: whoever runs the transaction runs it again at once.
    """
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            text = "others are working on the same tickets at this moment: please try again"
            raise StockBusyError(text, retry_after=1) from error
        raise
