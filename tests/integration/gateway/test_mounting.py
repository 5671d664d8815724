"""Engines of the gateway, connected."""

from sqlalchemy import text

from services.gateway.mounting import without_waiting_for_disk
from tests.support.databases import Database


def test_own_commits_do_not_wait_for_the_disk(database: Database) -> None:
    """In every transaction of the connection, also after one that was rolled back."""
    engine = without_waiting_for_disk(database.engine("gateway", pool_size=1))
    found = []
    for _ in range(2):
        with engine.connect() as connection:
            found.append(connection.scalar(text("SHOW synchronous_commit")))
            connection.rollback()
    assert found == ["off", "off"]


def test_services_commits_do(database: Database) -> None:
    """Theirs are the ones that count."""
    with database.engine("ticketing").connect() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
