"""Who hears what, since when and until when."""

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest

from shared.clock import now
from shared.database.connections import connect
from shared.messaging.subscriptions import FORGET_DAYS, read_subscriptions, write_subscriptions
from shared.messaging.topology import Subscription
from tests.support.databases import Database

COMMAND = Subscription("toyshop", "toyshop.toy.make", "toyshop.default", is_event=False)
EVENT = Subscription("toyshop", "toyshop.toy.made", "toyshop.events", is_event=True)
DAY = timedelta(days=1)


class Span(NamedTuple):
    since: datetime
    is_over: bool


def write(database: Database, since: datetime, *subscriptions: Subscription) -> None:
    with connect(database.url, "test", autocommit=False) as connection:
        write_subscriptions(connection, subscriptions, since)


def spans(database: Database) -> dict[str, Span]:
    rows = database.query("SELECT kind, since, until IS NOT NULL FROM messaging.subscription")
    return {row[0]: Span(row[1], row[2]) for row in rows}


def test_who_is_still_deployed_has_heard_since_the_first_time(database: Database) -> None:
    """Each deployment writes all of them."""
    first = now() - 3 * DAY
    write(database, first, EVENT)
    write(database, first + DAY, EVENT, COMMAND)

    assert spans(database) == {EVENT.kind: Span(first, False), COMMAND.kind: Span(first + DAY, False)}


def test_who_is_deployed_no_more_hears_no_more(database: Database) -> None:
    """The row stays, to say until when; the relay does not see it."""
    first = now() - 3 * DAY
    write(database, first, EVENT, COMMAND)
    write(database, first + DAY, COMMAND)

    assert spans(database)[EVENT.kind] == Span(first, True)
    with connect(database.url, "test") as connection:
        assert read_subscriptions(connection) == [COMMAND]


@pytest.mark.parametrize(("who", "kept"), [(EVENT, False), (COMMAND, True)], ids=["event", "command"])
def test_who_comes_back_has_missed_events_and_no_commands(who: Subscription, kept: bool, database: Database) -> None:
    """Events that were published meanwhile were not for it; commands were, and ended as failed jobs."""
    first, back = now() - 3 * DAY, now()
    write(database, first, who)
    write(database, first + DAY)
    write(database, back, who)

    assert spans(database) == {who.kind: Span(first if kept else back, False)}


def test_who_is_long_gone_is_forgotten(database: Database) -> None:
    """Nothing is kept for so long that it could explain."""
    write(database, now() - 200 * DAY, EVENT)
    write(database, now())
    database.query(
        "UPDATE messaging.subscription SET until = clock_timestamp() - make_interval(days => %s)", FORGET_DAYS + 1
    )
    write(database, now(), COMMAND)

    assert list(spans(database)) == [COMMAND.kind]
