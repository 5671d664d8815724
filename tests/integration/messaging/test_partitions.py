"""Partitions of `messaging.published`: made ahead, dropped by age, and nothing stops where that fails."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from structlog.typing import EventDict

from services.relay.partitions import AGAIN_SECONDS, DAYS_AHEAD, LOOK_SECONDS, look_after_partitions
from shared.database.connections import connect
from shared.ids import new_id
from shared.metrics import Metrics
from tests.support.databases import Database

WEEK = timedelta(days=7)


def day(number: int) -> str:
    """The name of the partition of a day, counted from today."""
    return f"published_{datetime.now(UTC) + timedelta(days=number):%Y%m%d}"


def partitions(database: Database) -> list[str]:
    rows = database.query(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = 'messaging.published'::regclass ORDER BY relname"
    )
    return [str(row[0]) for row in rows]


def look(database: Database, metrics: Metrics | None = None) -> float:
    """As the relay's role, which owns nothing."""
    with connect(database.url, "test", service="relay") as connection:
        return look_after_partitions(connection, WEEK, metrics or Metrics("relay"))


def put(database: Database, ago: timedelta, message_id: UUID | None = None) -> str:
    """Write a row that was published so long ago. Returns the partition that took it."""
    rows = database.query(
        "INSERT INTO messaging.published (id, message_id, kind, is_event, turn, fairness_key, body, created_at, published_at)"
        " VALUES (1, %s, 'a', false, 1, gen_random_uuid(), 'body', clock_timestamp(), clock_timestamp() - %s::interval)"
        " RETURNING tableoid::regclass::text",
        message_id or new_id(),
        ago,
    )
    return str(rows[0][0]).removeprefix("messaging.")


def make(database: Database, number: int) -> None:
    """A partition of a day that is over: what was made ahead then."""
    start = datetime.now(UTC).date() + timedelta(days=number)
    database.query(
        f"CREATE TABLE messaging.{day(number)} PARTITION OF messaging.published"
        f" FOR VALUES FROM ('{start} 00:00+00') TO ('{start + timedelta(days=1)} 00:00+00')"
    )


def test_days_ahead_have_partitions_before_they_come(database: Database) -> None:
    """With the indexes of the table; a second look finds nothing to do."""
    waits = [look(database), look(database)]

    assert partitions(database) == [*(day(number) for number in range(DAYS_AHEAD + 1)), "published_default"]
    assert put(database, timedelta(0)) == day(0)
    assert waits == [LOOK_SECONDS, LOOK_SECONDS]
    assert database.value(f"SELECT count(*) FROM pg_indexes WHERE tablename = '{day(0)}'") == 2


def test_old_partitions_are_dropped_whole_and_others_stay(database: Database) -> None:
    """Seven days are kept, whatever hour it is."""
    for number in (-10, -9, -7, -1):
        make(database, number)

    look(database)

    assert [name for name in partitions(database) if name < day(0)] == [day(-7), day(-1)]


def test_partition_that_somebody_reads_is_dropped_later(database: Database, logs: list[EventDict]) -> None:
    """A dump may hold it for an hour: the relay waits a tenth of a second, so that nobody waits behind it."""
    make(database, -10)
    with psycopg.connect(database.url) as dump:
        dump.execute(f"SELECT count(*) FROM messaging.{day(-10)}")
        held = look(database)
        during = put(database, timedelta(0))
    then = look(database)

    assert (held, then) == (AGAIN_SECONDS, LOOK_SECONDS)
    assert during == day(0)
    assert day(-10) not in partitions(database)
    assert [entry["step"] for entry in logs if "step" in entry] == ["drop"]


@pytest.mark.parametrize(("ago", "message_id"), [
    (timedelta(days=-40), None), (timedelta(days=40), None), (timedelta(days=-40), uuid4()),
], ids=["a clock 40 days ahead", "a clock 40 days behind", "a uuid4"])  # fmt: skip
def test_row_without_a_partition_is_kept_told_of_and_goes_when_it_is_old(
    ago: timedelta, message_id: UUID | None, database: Database, logs: list[EventDict]
) -> None:
    """In the DEFAULT partition, by PostgreSQL's clock and never by the id."""
    metrics = Metrics("relay")
    where = put(database, ago, message_id)
    look(database, metrics)
    left = database.value("SELECT count(*) FROM messaging.published_default")

    assert where == "published_default"
    assert left == (0 if ago > WEEK else 1)
    assert metrics.registry.get_sample_value("bellhop_published_without_partition") == left
    assert [entry["rows"] for entry in logs if "no partition" in entry["event"]] == [1] * left


def test_day_whose_rows_lie_in_the_default_partition_goes_on_there(database: Database) -> None:
    """PostgreSQL would refuse its partition: as after an update in the middle of a day."""
    put(database, timedelta(0))

    wait = look(database)

    assert day(0) not in partitions(database)
    assert day(1) in partitions(database)
    assert (wait, put(database, timedelta(0))) == (LOOK_SECONDS, "published_default")


def test_partition_that_cannot_be_made_stops_nothing(database: Database, logs: list[EventDict]) -> None:
    """A disk that is full, here a table space that is not there: rows go to the DEFAULT, and it is tried again."""
    make(database, -10)
    full = "RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file'"
    database.query(
        f"CREATE FUNCTION public.no_room() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {full}; END $$"
    )
    database.query(
        "CREATE EVENT TRIGGER no_room ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION no_room()"
    )
    metrics = Metrics("relay")

    wait = look(database, metrics)
    where = put(database, timedelta(0))
    database.query("DROP EVENT TRIGGER no_room")
    then = look(database, metrics)

    assert (wait, where, then) == (AGAIN_SECONDS, "published_default", LOOK_SECONDS)
    assert day(-10) not in partitions(database)
    assert "DiskFull" in next(entry["error"] for entry in logs if entry.get("step") == "make")


@pytest.mark.parametrize("call", ["make_published_partition(current_date)", "drop_published_partition('1 year')"])
def test_only_the_relay_may_ask_for_it(call: str, database: Database) -> None:
    """The functions act as the owner."""
    with (
        connect(database.url, "test", service="ticketing") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT messaging.{call}".encode())


@pytest.mark.parametrize(
    "call",
    ["make_published_partition(current_date + 400)", "drop_published_partition('0 days')"],
    ids=["a day in a year", "nothing kept"],
)
def test_relay_cannot_ask_for_nonsense(call: str, database: Database) -> None:
    """A process that was taken over fills no disk with tables, and drops nothing of today."""
    with connect(database.url, "test", service="relay") as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute(f"SELECT messaging.{call}".encode())
