"""What is purged of `messaging`, and what has to stay: on a moment that the test names."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from shared.ids import new_id
from shared.messaging.purging import Purge, _in_turn, purge_slice, purge_some
from shared.messaging.retention import MessagingRetention, purges
from shared.retention import oldest_id
from tests.integration.messaging.shop import Shop
from tests.support.databases import Database
from tests.support.waiting import wait_for

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
KEEP = MessagingRetention()
OLD = "now() - interval '31 days'"


def seed_old_rows(database: Database) -> dict[str, Any]:
    """One finished message for each reason why its rows must stay, and one that may go."""
    names = ("done", "waiting", "open failed job", "closed failed job", "scheduled", "leased")
    first = oldest_id((NOW - 31 * DAY).timestamp()).int
    ids = {name: UUID(int=first + number) for number, name in enumerate(names)}
    for name, message_id in ids.items():
        status = "waiting" if name == "waiting" else "failed" if "failed" in name else "done"
        database.query(
            "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts, finished_at) "
            f"VALUES (%s, 'toyshop', 'toyshop.toy.make', %s, 1, 1, {OLD})",
            message_id,
            status,
        )
        database.query(
            "INSERT INTO messaging.attempt (message_id, service, kind, turn, attempt, outcome, duration, ended_at) "
            f"VALUES (%s, 'toyshop', 'toyshop.toy.make', 1, 1, 'retry', 0, {OLD})",
            message_id,
        )
    for name, resolved in (("open failed job", "NULL"), ("closed failed job", OLD)):
        database.query(
            "INSERT INTO messaging.failed_job (id, service, kind, message_id, turn, attempts, reason, body, resolved_at) "
            f"VALUES (%s, 'toyshop', 'toyshop.toy.make', %s, 1, 1, 'permanent', '', {resolved})",
            new_id(),
            ids[name],
        )
    database.query(
        "INSERT INTO messaging.scheduled (message_id, kind, is_event, turn, body, due_at, reason) "
        "VALUES (%s, 'toyshop.toy.make', false, 2, '', now() + interval '1 day', 'due')",
        ids["scheduled"],
    )
    database.query(
        "INSERT INTO messaging.lease (message_id, service, token, expires_at) VALUES (%s, 'toyshop', %s, now())",
        ids["leased"],
        new_id(),
    )
    return ids


def purge(database: Database, at: datetime = NOW, keep: MessagingRetention = KEEP) -> int:
    """Purge until nothing is left to do at this moment, twice: what goes first may have held something else."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        removed = 0
        for hours in (0, 25):
            more, done = purge_some(connection, purges(keep), 30, at=at + timedelta(hours=hours))
            assert done
            removed += more
        return removed


def left_in(database: Database, ids: dict[str, UUID], table: str = "inbox") -> set[str]:
    left = {row[0] for row in database.query(f"SELECT message_id FROM messaging.{table}")}
    return {name for name, message_id in ids.items() if message_id in left}


def test_old_rows_are_purged_unless_something_open_hangs_on_them(database: Database) -> None:
    """What is finished for longer than the retention goes; what waits, failed and undecided, or is scheduled, stays."""
    ids = seed_old_rows(database)
    database.query("UPDATE messaging.lease SET expires_at = now() + interval '3 days'")
    purge(database)
    assert left_in(database, ids) == {"waiting", "open failed job", "scheduled", "leased"}
    assert left_in(database, ids, "attempt") == {"waiting", "open failed job"}


def test_what_held_a_row_goes_before_it(database: Database) -> None:
    """A lease of 31 days goes, and its message with it; settled failed jobs go after their own days, open ones stay."""
    ids = seed_old_rows(database)
    purge(database, NOW + 32 * DAY)
    assert left_in(database, ids) == {"waiting", "open failed job", "scheduled"}
    assert database.value("SELECT count(*) FROM messaging.failed_job") == 1


def test_a_running_relay_purges_by_itself(shop: Shop) -> None:
    """With its own role, beside what it relays."""
    fill(shop.database, 3_000)
    shop.start_relay()
    wait_for(lambda: shop.database.value("SELECT count(*) FROM messaging.inbox") == 0, 30, "the inbox to be purged")
    assert shop.database.value("SELECT removed FROM messaging.purge_progress WHERE name = 'inbox'") == 3_000


def test_young_rows_are_kept(database: Database) -> None:
    """Longer than anything can be redelivered."""
    ids = seed_old_rows(database)
    purge(database, keep=MessagingRetention(60 * DAY, 60 * DAY))
    assert left_in(database, ids) == set(ids)


def test_for_ever_is_for_ever(database: Database) -> None:
    """Without an age nothing is over."""
    ids = seed_old_rows(database)
    purge(database, NOW + 4_000 * DAY, MessagingRetention(None, None))
    assert left_in(database, ids) == set(ids)


@pytest.mark.parametrize(
    ("message_id", "finished", "stays", "goes"),
    [
        pytest.param(uuid.UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479"), 0, 28, 32, id="version 4, above all others"),
        pytest.param(uuid.UUID("00000000-58cc-4372-a567-0e02b2c3d479"), 0, 28, 31, id="version 4, below all others"),
        pytest.param("-40", 0, 28, 31, id="from a clock 40 days behind"),
        pytest.param("+40", 0, 28, 32, id="from a clock 40 days ahead"),
        pytest.param("0", 60, 88, 91, id="due in 60 days"),
    ],
)
def test_an_odd_id_is_kept_as_long_as_others_and_goes_then(
    database: Database, message_id: UUID | str, finished: int, stays: int, goes: int
) -> None:
    """A row is kept by when it was finished, whatever its id says; the days count from the test's now."""
    if isinstance(message_id, str):
        message_id = uuid.UUID(int=oldest_id((NOW + int(message_id) * DAY).timestamp()).int + 1)
    database.query(
        "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts, finished_at) "
        "VALUES (%s, 'toyshop', 'toyshop.toy.make', 'done', 1, 1, %s)",
        message_id,
        NOW + finished * DAY,
    )
    standing = {}
    for day in (stays, goes):
        purge(database, NOW + day * DAY)
        standing[day] = database.value("SELECT count(*) FROM messaging.inbox")
    assert standing == {stays: 1, goes: 0}


@pytest.mark.parametrize("table", ["outbox", "scheduled"])
def test_what_is_still_to_be_sent_is_never_purged(table: str) -> None:
    """However old it is: a broker may have been away for weeks."""
    assert not [one for one in purges(KEEP) if one.table == f"messaging.{table}"]


def fill(database: Database, rows: int) -> None:
    """Finished messages, one a second, the youngest 31 days old."""
    database.query(
        "INSERT INTO messaging.inbox (message_id, service, kind, status, turn, attempts, finished_at) "
        "SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '7000' || '8000' "
        "|| lpad(to_hex(n), 12, '0'))::uuid, 'toyshop', 'toyshop.toy.make', 'done', 1, 1, moment "
        "FROM generate_series(1, %s) AS n, LATERAL (SELECT now() - interval '31 days' - make_interval(secs => n) AS moment) t",
        rows,
    )


def inbox() -> Purge:
    return next(one for one in purges(KEEP) if one.name == "inbox")


def test_a_purge_goes_on_where_it_was_killed(database: Database) -> None:
    """The slice that was committed is not looked at again; what came before its end is not begun again."""
    fill(database, 2_500)
    with psycopg.connect(database.url, autocommit=True) as connection:
        first = purge_slice(connection, inbox())
    with psycopg.connect(database.url) as connection:
        connection.execute("SELECT")  # a transaction is open: the slice is a part of it
        lost = purge_slice(connection, inbox())
        connection.rollback()  # the process dies here
    cursor = database.value("SELECT cursor[1]::uuid FROM messaging.purge_progress WHERE name = 'inbox'")
    left = database.query("SELECT message_id FROM messaging.inbox")
    assert len(left) == 2_500 - first.removed
    assert lost.removed > 0
    assert all(message_id > cursor for (message_id,) in left)


def test_a_purge_that_cannot_end_starves_no_other(database: Database) -> None:
    """They take slices in turn: the second has had its own before the first has its second."""
    fill(database, 10)
    database.query("INSERT INTO messaging.unique_key VALUES ('k', %s, 'finished', now() - interval '2 days')", new_id())
    endless = Purge("endless", "messaging.inbox", inbox().key, "false", largest=1)
    last = next(one for one in purges(KEEP) if one.name == "unique_key")
    with psycopg.connect(database.url, autocommit=True) as connection:
        turns = _in_turn(connection, [endless, last], None)
        taken = [next(turns) for _ in range(3)]
    assert [one.removed for one in taken] == [0, 1, 0]
    assert not taken[2].ended


def test_two_at_the_same_purge_do_it_once(database: Database) -> None:
    """Whoever comes second passes it over, and waits for nothing."""
    fill(database, 2_000)
    with psycopg.connect(database.url) as first, psycopg.connect(database.url) as second:
        first.execute("SELECT")  # a transaction is open: the slice is a part of it
        purge_slice(first, inbox())
        passed = purge_slice(second, inbox())
        first.rollback()
        taken = purge_slice(second, inbox())
    assert (passed.removed, passed.ended, taken.removed > 0) == (0, True, True)


def test_a_row_that_somebody_holds_is_left_for_later(database: Database) -> None:
    """A purge never waits for a job: its row is taken in a later pass."""
    fill(database, 10)
    with psycopg.connect(database.url) as job, psycopg.connect(database.url, autocommit=True) as connection:
        job.execute("SELECT FROM messaging.inbox FOR UPDATE")
        held = purge_slice(connection, inbox())
        job.rollback()
        free = purge_slice(connection, inbox())
    assert (held.removed, free.removed) == (0, 10)
    assert held.seconds < 1


def test_a_slow_slice_makes_the_next_one_smaller(database: Database) -> None:
    """None may come near a second, whatever the machine."""
    fill(database, 5_000)
    slow = Purge("slow", "messaging.inbox", inbox().key, "pg_sleep(0.0005) IS NOT NULL")
    with psycopg.connect(database.url, autocommit=True) as connection:
        purge_slice(connection, slow)
    assert database.value("SELECT slice FROM messaging.purge_progress WHERE name = 'slow'") == 500


def test_last_tick_of_each_schedule_stays(database: Database) -> None:
    """It says from where to go on, however old it is."""
    for schedule, days in (("often", 400), ("often", 40), ("often", 31), ("often", 1), ("rare", 400)):
        database.query(
            "INSERT INTO messaging.tick (schedule, due_at) VALUES (%s, %s)", f"toyshop.{schedule}", NOW - days * DAY
        )
    purge(database)
    left = database.query("SELECT schedule, count(*) FROM messaging.tick GROUP BY schedule ORDER BY schedule")
    assert left == [("toyshop.often", 1), ("toyshop.rare", 1)]
