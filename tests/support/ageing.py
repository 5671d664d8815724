"""Purging at a moment that a test names, as the role that does it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from shared.messaging.purging import Purge, purge_some
from tests.support.databases import Database

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def purge_on(database: Database, service: str, purges: Sequence[Purge], days: float) -> int:
    """Purge as the service's role, so many days from now, until nothing is left to do. Returns how many rows went.

    Twice, a little apart: what went first may have held something else.
    """
    url = database.service_url(service).replace("postgresql+psycopg://", "postgresql://")
    removed = 0
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        for minutes in (0, 11):
            more, is_done = purge_some(connection, purges, 30, at=NOW + days * DAY + timedelta(minutes=minutes))
            assert is_done, "30 seconds are enough for a test's rows"
            removed += more
    return removed
