"""How often a provider may be asked, by PostgreSQL's clock."""

from datetime import datetime, timedelta
from uuid import UUID

from services.appointments.repository.budgets import Budget
from shared.ids import new_id
from shared.messaging.testing import travel
from tests.support.databases import Database

CONNECTION = new_id()


def reserved(database: Database, requests: int, per_minute: int = 60, connection_id: UUID = CONNECTION) -> float:
    """For how many seconds so many requests would have to wait."""
    with database.work("appointments")() as session:
        budget = Budget(session, connection_id, per_minute)
        return (budget.reserve(requests) - budget.now()).total_seconds()


def hold(database: Database, seconds: float) -> None:
    with database.work("appointments")() as session:
        Budget(session, CONNECTION, 60).hold(seconds)


def is_held(database: Database) -> bool:
    with database.work("appointments")() as session:
        return Budget(session, CONNECTION, 60).is_held()


def test_no_minute_has_more_than_is_allowed(database: Database) -> None:
    """A fifth at once, the others at a steady pace: the sixtieth comes after the better part of a minute."""
    waits = [reserved(database, 1) for _ in range(70)]
    begin = min(waits)

    for first in waits:
        assert sum(1 for wait in waits if first <= wait < first + 60) <= 61
    assert sum(1 for wait in waits if wait - begin < 0.5) in {12, 13}


def test_connections_do_not_share(database: Database) -> None:
    """Each key has a limit of its own."""
    for _ in range(30):
        reserved(database, 1)

    assert reserved(database, 1) > 5
    assert reserved(database, 1, connection_id=new_id()) <= 0


def test_what_is_not_used_comes_back_with_time(database: Database) -> None:
    """But never more than the burst."""
    for _ in range(30):
        reserved(database, 1)
    with database.work("appointments")() as session:
        travel(session, 3600)

    assert reserved(database, 12) <= 0
    assert reserved(database, 12) > 5


def test_a_pause_holds_everybody_back_until_it_is_over(database: Database) -> None:
    """As a 429 with Retry-After asks for."""
    hold(database, 30)
    assert reserved(database, 1) > 29
    assert is_held(database)

    with database.work("appointments")() as session:
        travel(session, 31)

    assert not is_held(database)


def test_a_reservation_is_a_moment_with_a_time_zone(database: Database) -> None:
    """It is written into rows."""
    with database.work("appointments")() as session:
        moment: datetime = Budget(session, CONNECTION, 60).reserve(1)

    assert moment.utcoffset() == timedelta(0)
