"""One leader among many."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from services.scheduler.leadership import Leadership
from shared.database.engine import open_engine
from tests.support.databases import Database
from tests.support.waiting import wait_for

LEADER = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""Who leads, as PostgreSQL sees it."""


@pytest.fixture
def rivals(database: Database) -> Iterator[tuple[Leadership, Leadership]]:
    """Two schedulers' claims, as from two processes: each with an engine of its own."""
    engines = [open_engine(database.service_url("scheduler"), "scheduler", pool_size=2) for _ in range(2)]
    first, second = (Leadership(engine) for engine in engines)
    with capture_logs():
        yield first, second
        first.give_up()
        second.give_up()
    for engine in engines:
        engine.dispose()


def test_one_leads_and_the_other_waits(rivals: tuple[Leadership, Leadership]) -> None:
    """Whoever comes first, for as long as it lives."""
    first, second = rivals
    assert [first.seek(), second.seek(), first.seek(), second.seek()] == [True, False, True, False]
    assert (first.holds(), second.holds(), second.connected) == (True, False, True)


def test_leader_that_gives_up_is_followed_at_once(rivals: tuple[Leadership, Leadership]) -> None:
    """At a stop nobody waits for a time-out."""
    first, second = rivals
    first.seek()
    first.give_up()
    assert second.seek()


def test_leader_whose_connection_dies_is_followed(rivals: tuple[Leadership, Leadership], database: Database) -> None:
    """The lock ends with the connection: the old leader notices before its next tick, and the other one leads."""
    first, second = rivals
    first.seek()
    database.query(f"SELECT pg_terminate_backend(pid) FROM ({LEADER}) AS leader")
    wait_for(lambda: not database.query(LEADER), 5, "the old leader's lock to go")
    assert not first.holds()
    assert second.seek()
    assert not first.seek()


def test_former_leader_may_lead_again(rivals: tuple[Leadership, Leadership], database: Database) -> None:
    """A cut connection is replaced; the new term is told apart from the old one."""
    first, _ = rivals
    first.seek()
    database.query(f"SELECT pg_terminate_backend(pid) FROM ({LEADER}) AS leader")
    wait_for(lambda: not first.holds() and first.seek(), 5, "it to lead again")
    assert first.terms == 2


def test_database_that_is_away_is_no_end(database: Database) -> None:
    """It is said, and the next look tries again."""
    engine = open_engine("postgresql://nobody@127.0.0.1:1/nothing", "scheduler", pool_size=1)
    leadership = Leadership(engine)
    with capture_logs() as logged:
        assert not leadership.seek()
    assert (leadership.connected, logged[0]["event"]) == (False, "leader_connection_failed")
