"""Workers are killed while they take people in: every good row is there once, every bad row is in the file."""

import time
from pathlib import Path

import pytest

from services.reports.domain.imports import CHUNK_ROWS, Counts, Import, ImportState, Options
from tests.faults.imports import BAD_EVERY, Office, open_office
from tests.support.databases import Database
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

MEMORY = 400_000_000
WELCOME = Options(welcome=True, sender="Example Hall")


def take_in(office: Office, count: int, kills: int, seconds: float, options: Options | None = None) -> Import:
    """Import a new file while workers are killed: first one that cuts it up, then others that take it in."""
    found = office.upload(office.write_file(count))
    office.start(found, options)
    wait_for(lambda: office.chunks(found) > count // CHUNK_ROWS // 4, 60, "some chunks", every=0.002)
    office.kill_one()
    seen = office.run_with_kills(found, kills, seconds)
    assert all(true - 1 <= shown <= true for shown, true in seen), seen
    return office.get(found.id)


def check(office: Office, found: Import, count: int) -> None:
    """Each row is accounted for, once."""
    bad = -(-count // BAD_EVERY)
    assert (found.state, found.counts) == (ImportState.DONE, Counts(created=count - bad, failed=bad))
    people = office.database.query("SELECT email, name, extra->>'Mitglied' FROM reports.people")
    numbers = {int(member): (email, name) for email, name, member in people}
    assert len(people) == len(numbers) == count - bad
    assert all(row == (f"person.{n}@example.org", f"Person {n}") for n, row in numbers.items())
    rows = office.failures(found)
    assert [int(row[0]) for row in rows] == [number + 2 for number in range(0, count, BAD_EVERY)]
    assert {row[2] for row in rows} == {"nobody"}


def test_killed_while_they_take_people_in_workers_leave_each_of_them_once(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """And each of them is welcomed once."""
    with open_office(database, rabbitmq, tmp_path) as office:
        found = take_in(office, 4_000, kills=2, seconds=60, options=WELCOME)

        check(office, found, 4_000)
        wait_for(office.is_still, 60, "everything to come to rest", every=0.2)
        letters = database.value("SELECT count(*) FROM messaging.failed_job"), sum(office.waiting().values())
        assert (office.kills, letters) == (3, (0, 4_000 - 40 + 1))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_two_hundred_thousand_rows_are_taken_in_though_workers_are_killed(
    database: Database, rabbitmq: VirtualHost, tmp_path: Path
) -> None:
    """Then the same file once more: it changes nothing."""
    count = 200_000
    with open_office(database, rabbitmq, tmp_path) as office:
        began = time.monotonic()
        found = take_in(office, count, kills=10, seconds=600)
        seconds = time.monotonic() - began
        check(office, found, count)
        before = database.query("SELECT id, changed_at FROM reports.people ORDER BY id")

        began = time.monotonic()
        again = office.upload(tmp_path / "people.csv")
        office.start(again)
        office.run_with_kills(again, 0, 600)

        unchanged = office.get(again.id).counts
        print(
            f"200,000 rows, {office.kills} kills: {seconds:.0f} s; once more, unchanged: {time.monotonic() - began:.0f} s"
        )
        print(f"peak memory of a worker: {max(office.memory) / 1e6:.0f} MB")
        assert unchanged == Counts(unchanged=198_000, failed=2_000)
        assert database.query("SELECT id, changed_at FROM reports.people ORDER BY id") == before
        assert max(office.memory) < MEMORY
