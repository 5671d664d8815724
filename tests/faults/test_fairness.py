"""One tenant's flood, and what it costs another: jobs that hang, retries that are due at once, rows without end."""

import time
from datetime import timedelta
from statistics import median
from uuid import UUID

import psycopg
import pytest

from services.relay import looking
from services.relay.due import move_due
from shared.contracts.message import Contract
from shared.messaging.outbox import publish_all
from tests.faults.shop import Shop
from tests.support.databases import Database
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, PackToy

ADA, BOB = UUID(int=1), UUID(int=2)
HANG_SECONDS = 3.0
WAITS = """
SELECT extract(epoch FROM inbox.started_at - published.created_at)::float8
FROM messaging.published JOIN messaging.inbox USING (message_id)
WHERE published.organisation_id = %s AND published.kind = 'toyshop.toy.pack' ORDER BY 1
"""
"""From the row in the outbox to the start of the job, of every message of a tenant."""


def publish(shop: Shop, tenant: UUID, *messages: Contract) -> None:
    with shop.database.work("toyshop")() as session:
        publish_all(session, messages, organisation_id=tenant)
    shop.database.query("SELECT pg_notify('bellhop_outbox', '')")  # as a service does after a commit


def waits_of(shop: Shop, tenant: UUID) -> list[float]:
    return [row[0] for row in shop.database.query(WAITS, tenant)]


def trickle(shop: Shop, count: int, every: float) -> list[float]:
    """Bob sends one job after the other. Returns how long each waited, in seconds, the longest last."""
    begun = time.monotonic()
    for number in range(count):
        publish(shop, BOB, PackToy(number=1_000_000 + number))
        time.sleep(max(0.0, begun + (number + 1) * every - time.monotonic()))
    wait_for(lambda: len(waits_of(shop, BOB)) == count, 60, "Bob's jobs to be done", every=0.2)
    return waits_of(shop, BOB)


def start_workers(shop: Shop) -> None:
    """Two processes of four threads, and a relay that knows of them."""
    for _ in range(2):
        shop.worker(WORKER_THREADS="4")
    wait_for(lambda: shop.database.value("SELECT count(*) FROM messaging.worker") == 2, 30, "the workers")
    shop.relay()


@pytest.mark.parametrize("jobs", [40, pytest.param(400, marks=pytest.mark.long)], ids=["short", "whole"])
def test_tenant_whose_jobs_hang_on_every_thread_leaves_some_to_the_others(shop: Shop, jobs: int) -> None:
    """Bob's jobs start within a second, while Ada's hold all that they may; hers all end too."""
    start_workers(shop)
    publish(shop, ADA, *(MakeToy(number=number, seconds=HANG_SECONDS) for number in range(jobs)))
    wait_for(lambda: shop.database.value("SELECT count(*) FROM messaging.published") >= 6, 20, "Ada's jobs to begin")

    waits = trickle(shop, count=60, every=0.1)
    wait_for(lambda: len(shop.effects()) == 3 * jobs + 60, 60 + jobs, "all of Ada's jobs", every=0.5)

    print(f"Bob beside {jobs} jobs that hang: p50 {median(waits):.3f} s, longest {waits[-1]:.3f} s")
    assert waits[int(len(waits) * 0.99)] < 1.0


@pytest.mark.parametrize("rows", [20_000, pytest.param(200_000, marks=pytest.mark.long)], ids=["short", "whole"])
def test_retries_of_one_tenant_that_are_due_at_once_delay_nobody(shop: Shop, rows: int) -> None:
    """Bob's retry is in the outbox within a second of its time, though Ada's were due before it."""
    schedule(shop.database, ADA, rows, due=timedelta(hours=-1))
    schedule(shop.database, BOB, 1, due=timedelta(0))
    begun = time.monotonic()
    with psycopg.connect(shop.database.url, autocommit=True) as connection:
        move_due(connection)
        while not connection.execute("SELECT 1 FROM messaging.outbox WHERE fairness_key = %s", (BOB,)).fetchone():
            assert move_due(connection, in_turn=True), "Bob's retry was never chosen"
        took = time.monotonic() - begun

    print(f"a retry behind {rows} of another tenant: {took:.3f} s")
    assert took < 1.0


def test_retries_of_very_many_keys_leave_each_its_turn(shop: Shop) -> None:
    """300 keys with 100 due rows each come before Bob's in the index, more than one move takes: his is in the first."""
    last = UUID(int=2**128 - 1)
    for key in range(300):
        schedule(shop.database, UUID(int=key), 100, due=timedelta(hours=-1))
    schedule(shop.database, last, 1, due=timedelta(0))
    with psycopg.connect(shop.database.url, autocommit=True) as connection:
        moved = move_due(connection, in_turn=True)
        found = connection.execute("SELECT 1 FROM messaging.outbox WHERE fairness_key = %s", (last,)).fetchone()

    assert found is not None
    assert len(moved) <= 10_000


@pytest.mark.parametrize("gone", [100_000, pytest.param(2_400_000, marks=pytest.mark.long)], ids=["short", "whole"])
def test_claim_costs_the_same_while_a_snapshot_is_held_open(shop: Shop, gone: int) -> None:
    """A dump keeps the rows that are gone; whoever claims by id, or looks behind the last one, does not meet them."""
    with psycopg.connect(shop.database.url) as dump, psycopg.connect(shop.database.url, autocommit=True) as relay:
        dump.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        dump.execute("SELECT count(*) FROM messaging.outbox")
        for _ in range(gone // 100_000):
            fill(shop.database, ADA, 100_000)
            shop.database.query("DELETE FROM messaging.outbox")
        last = shop.database.value("SELECT last_value FROM messaging.outbox_id_seq")
        fill(shop.database, BOB, 20)
        looking.plan_by_index(relay)
        times = [claim_once(relay, last) for _ in range(20)]

    print(
        f"a look and a claim of 20 rows after {gone} that are gone: {min(times) * 1000:.2f} to {max(times) * 1000:.2f} ms"
    )
    # Who meets dead rows meets them each time; the others may only have waited for a processor.
    assert min(times) < 0.005


def claim_once(relay: psycopg.Connection[tuple[object, ...]], last: int) -> float:
    begun = time.perf_counter()
    found = looking.look_after(relay, last, 2**62)
    rows = looking.claim(relay, [one.id for one in found])
    took = time.perf_counter() - begun
    assert len(rows) == 20
    return took


def schedule(database: Database, tenant: UUID, rows: int, due: timedelta) -> None:
    database.query(
        "INSERT INTO messaging.scheduled (message_id, kind, is_event, queue, turn, body, due_at, reason, fairness_key, "
        "organisation_id) SELECT gen_random_uuid(), 'toyshop.toy.make', false, 'toyshop.default', 2, '', "
        "clock_timestamp() + %s + make_interval(secs => number / 1000.0), 'retry', %s, %s "
        "FROM generate_series(1, %s) AS number",
        due, tenant, tenant, rows,
    )  # fmt: skip


def fill(database: Database, tenant: UUID, rows: int) -> None:
    database.query(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body, fairness_key, organisation_id) "
        "SELECT gen_random_uuid(), 'toyshop.toy.make', false, '', %s, %s FROM generate_series(1, %s)",
        tenant, tenant, rows,
    )  # fmt: skip
