"""What the broker confirmed and lost is found in the database, and published again to who has not finished it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.database.connections import connect
from shared.ids import new_id
from shared.messaging.republishing import SLICE, count_missing, publish_missing
from tests.support.databases import Database

MAKE, MADE = "toyshop.toy.make", "toyshop.toy.made"
DEFAULT, EVENTS, PUPPETS = "toyshop.default", "toyshop.events", "puppets.events"


def subscribe(
    database: Database, service: str, kind: str, queue: str, *, is_event: bool, since: str = "30 days"
) -> None:
    database.query(
        "INSERT INTO messaging.subscription (service, kind, queue, is_event, since)"
        " VALUES (%s, %s, %s, %s, clock_timestamp() - %s::interval)",
        service, kind, queue, is_event, since,
    )  # fmt: skip


@pytest.fixture
def shop(database: Database) -> Database:
    """One command and one event, which two services hear."""
    subscribe(database, "toyshop", MAKE, DEFAULT, is_event=False)
    subscribe(database, "toyshop", MADE, EVENTS, is_event=True)
    subscribe(database, "puppets", MADE, PUPPETS, is_event=True)
    return database


def published(
    database: Database,
    kind: str = MAKE,
    *,
    queue: str | None = None,
    turn: int = 1,
    ago: str = "1 hour",
    message_id: UUID | None = None,
) -> UUID:
    """A message that was confirmed so long ago."""
    known = message_id or new_id()
    database.query(
        "INSERT INTO messaging.published (id, message_id, kind, is_event, queue, turn, fairness_key, body, created_at,"
        " published_at) VALUES (1, %s, %s, %s, %s, %s, gen_random_uuid(), 'body', clock_timestamp(),"
        " clock_timestamp() - %s::interval)",
        known, kind, kind == MADE, queue, turn, ago,
    )  # fmt: skip
    return known


def inbox(database: Database, message_id: UUID, status: str, *, service: str = "toyshop", turn: int = 1) -> None:
    database.query(
        "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts) VALUES (%s, %s, %s, %s, %s, 1)",
        message_id, service, MAKE, status, turn,
    )  # fmt: skip


def count(database: Database, **options: Any) -> dict[str, int]:
    with connect(database.url, "test") as connection:
        return count_missing(connection, options.pop("left_alone", []), lambda _: None, **options)


def republish(database: Database, **options: Any) -> dict[str, int]:
    with connect(database.url, "test") as reading, connect(database.url, "test") as writing:
        return publish_missing(reading, writing, [], lambda _: None, **options)


def outbox(database: Database) -> list[tuple[Any, ...]]:
    return database.query("SELECT message_id, queue, turn, body FROM messaging.outbox ORDER BY queue, id")


def test_message_without_an_inbox_row_is_published_again_as_it_was(shop: Database) -> None:
    """To its consumer's queue, with its turn."""
    message_id = published(shop)

    assert count(shop) == {DEFAULT: 1}
    assert republish(shop) == {DEFAULT: 1}
    assert outbox(shop) == [(message_id, DEFAULT, 1, b"body")]


def test_event_goes_only_to_who_has_not_finished_it(shop: Database) -> None:
    """Not to the exchange, where others would hear it twice."""
    message_id = published(shop, MADE)
    inbox(shop, message_id, "done")

    assert republish(shop) == {PUPPETS: 1}
    assert outbox(shop) == [(message_id, PUPPETS, 1, b"body")]


@pytest.mark.parametrize(("status", "turn", "again"), [
    ("done", 1, 0), ("failed", 1, 0), ("waiting", 2, 0), ("waiting", 1, 1), ("calling", 1, 1),
], ids=["done", "failed", "a later turn was decided", "waits for this turn", "a provider was being called"])  # fmt: skip
def test_what_is_finished_or_has_a_later_turn_is_left(status: str, turn: int, again: int, shop: Database) -> None:
    """A turn that was decided and is not published stands somewhere else."""
    inbox(shop, published(shop), status, turn=turn)

    assert sum(count(shop).values()) == again


@pytest.mark.parametrize("queue", [None, DEFAULT, EVENTS], ids=["by kind", "its queue", "another of its service"])
@pytest.mark.parametrize("table", ["outbox", "scheduled"])
def test_what_waits_in_the_database_is_left(table: str, queue: str | None, shop: Database) -> None:
    """The relay will send it."""
    message_id = published(shop)
    due = {"outbox": "", "scheduled": ", due_at, reason"}[table]
    values = {"outbox": "", "scheduled": ", clock_timestamp(), 'retry'"}[table]
    shop.query(
        f"INSERT INTO messaging.{table} (message_id, kind, is_event, queue, turn, body{due})"
        f" VALUES (%s, %s, false, %s, 2, 'body'{values})",
        message_id, MAKE, queue,
    )  # fmt: skip

    assert count(shop) == {}


def test_retry_of_one_consumer_does_not_hide_that_another_has_lost_the_event(shop: Database) -> None:
    """The toy shop's second turn waits; the puppets have never seen the first."""
    message_id = published(shop, MADE)
    published(shop, MADE, queue=EVENTS, turn=2, message_id=message_id, ago="30 minutes")
    inbox(shop, message_id, "waiting", turn=2)

    assert republish(shop) == {EVENTS: 1, PUPPETS: 1}
    assert outbox(shop) == [(message_id, PUPPETS, 1, b"body"), (message_id, EVENTS, 2, b"body")]


def test_what_is_younger_than_a_minute_is_on_its_way(shop: Database) -> None:
    """Also where it was published a first time long ago: a second repair must not send all again."""
    published(shop, ago="59 seconds")
    published(shop, message_id=published(shop, ago="1 day"), ago="10 seconds")

    assert count(shop) == {}


def test_message_that_was_published_twice_is_published_once_more_and_no_more(shop: Database) -> None:
    """A confirm that was lost left two rows, on different days."""
    published(shop, message_id=published(shop, ago="25 hours"), ago="1 hour")

    assert republish(shop) == {DEFAULT: 1}


def test_later_subscriber_gets_nothing_of_what_was_before(shop: Database) -> None:
    """It never heard it; a command is its own whenever it was published."""
    shop.query("UPDATE messaging.subscription SET since = clock_timestamp() - interval '10 minutes'")
    published(shop, MADE)
    published(shop, MAKE)
    published(shop, MADE, ago="5 minutes")

    assert count(shop) == {DEFAULT: 1, EVENTS: 1, PUPPETS: 1}


def test_who_is_deployed_no_more_gets_nothing(shop: Database) -> None:
    """Nobody would ever take it out of the queue."""
    shop.query("UPDATE messaging.subscription SET until = clock_timestamp() WHERE service = 'puppets'")
    published(shop, MADE)

    assert count(shop) == {EVENTS: 1}


def test_retry_on_a_queue_that_was_renamed_goes_to_the_new_one(shop: Database) -> None:
    """The service is the same."""
    published(shop, queue="toyshop.former", turn=2)

    assert republish(shop) == {DEFAULT: 1}


def test_queue_that_is_silent_without_proof_gets_nothing(shop: Database) -> None:
    """What it was sent may well be in it."""
    published(shop)

    assert count(shop, left_alone=[DEFAULT]) == {}


@pytest.mark.parametrize(("message_id", "ago"), [
    (uuid4(), "1 hour"), (new_id(), "40 days"), (new_id(), "-10 days"),
], ids=["uuid4", "a clock that was 40 days behind", "a clock that is 10 days ahead"])  # fmt: skip
def test_odd_rows_are_found_in_the_default_partition(message_id: UUID, ago: str, shop: Database) -> None:
    """Ids of other tools, clocks that are wrong: nothing depends on either. What is of the future is not a minute old."""
    published(shop, message_id=message_id, ago=ago)

    assert count(shop) == ({} if ago.startswith("-") else {DEFAULT: 1})


def test_many_are_published_slice_by_slice_and_told(shop: Database) -> None:
    """In transactions of a thousand rows, with progress; a relay may send the first while the last is being found."""
    shop.query(
        "INSERT INTO messaging.published (id, message_id, kind, is_event, turn, fairness_key, body, created_at, published_at)"
        " SELECT n, gen_random_uuid(), %s, false, 1, gen_random_uuid(), 'body', clock_timestamp(),"
        " clock_timestamp() - interval '1 hour' FROM generate_series(1, %s) AS n",
        MAKE, 2 * SLICE + 10,
    )  # fmt: skip
    told: list[str] = []
    with connect(shop.url, "test") as reading, connect(shop.url, "test") as writing:
        done = publish_missing(reading, writing, [], told.append)

    assert done == {DEFAULT: 2 * SLICE + 10}
    assert told == [
        "looking through published_default", "published 1000 again", "published 2000 again", "published 2010 again"
    ]  # fmt: skip
    assert shop.value("SELECT count(DISTINCT xmin::text) FROM messaging.outbox") == 3
    assert count(shop) == {}


def test_partition_that_is_dropped_meanwhile_is_passed_over(shop: Database) -> None:
    """It was too old to be published again."""
    published(shop)
    told: list[str] = []

    def drop(text: str) -> None:
        told.append(text)
        shop.query("DROP TABLE messaging.published_default")

    with connect(shop.url, "test") as reading:
        found = count_missing(reading, [], drop)

    assert (found, told) == ({}, ["looking through published_default"])
