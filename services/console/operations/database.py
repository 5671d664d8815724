"""The console's way into the database: for each operation with the rights of one role, like the services."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.console.settings import ConsoleSettings
from shared.database.engine import open_engine
from shared.database.session import unit_of_work
from shared.messaging.outbox import Session

MESSAGES = "relay"
"""Whose rights operations on messages need: schema `messaging`, and nothing else."""


@contextmanager
def transaction(settings: ConsoleSettings, service: str = MESSAGES) -> Iterator[Session]:
    """One transaction as the role of `service`. What is published in it, the relay finds when it polls."""
    engine = open_engine(settings.need("DATABASE_URL"), service, pool_size=1)
    try:
        with unit_of_work(engine)() as session:
            yield session
    finally:
        engine.dispose()
