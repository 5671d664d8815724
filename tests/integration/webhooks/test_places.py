"""Whose turn it is at an endpoint: places, slots, pauses and probes. On a real database, with real endpoints."""

import itertools
from dataclasses import replace
from uuid import UUID

import pytest

from services.webhooks.domain.deliveries import LONGEST_WAIT_SECONDS
from services.webhooks.domain.endpoints import Limits
from services.webhooks.handlers import endpoints
from shared.contracts.webhooks import ProbeEndpoint, ReleaseWaiting
from shared.messaging.outbox import publish
from tests.integration.webhooks.receiver import answer, receiving
from tests.integration.webhooks.shop import Shop, Worker


def strict(worker: Worker, **limits: int) -> Worker:
    """The same worker with other limits for all endpoints."""
    return Worker(worker.database, replace(worker.dependencies, limits=Limits(**limits)))


def states(shop: Shop) -> list[tuple[str, bool]]:
    """State of each delivery, and whether it waits."""
    rows = shop.database.query("SELECT state, waiting FROM webhooks.deliveries ORDER BY id")
    return [(str(row[0]), bool(row[1])) for row in rows]


def work_off(worker: Worker) -> int:
    """Run all that is published now and follows from it. Returns how many messages there were."""
    count = 0
    while ran := worker.run_outbox():
        count += ran
    return count


def paused(shop: Shop) -> bool:
    return bool(shop.database.value("SELECT paused_at IS NOT NULL FROM webhooks.endpoints"))


def test_what_finds_an_endpoint_busy_waits_and_is_sent_on_by_whoever_leaves(shop: Shop, worker: Worker) -> None:
    """As a row: no message goes round meanwhile, and what comes later waits behind it without one."""
    strictly = strict(worker, max_concurrency=1)
    with receiving(answer(200)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        first = shop.delivery()
        shop.database.query("UPDATE webhooks.deliveries SET calling_until = clock_timestamp() + interval '50 s'")
        kept = shop.database.query("DELETE FROM messaging.outbox RETURNING body")
        shop.pay_an_order()
        work_off(strictly)
        shop.pay_an_order()
        waiting, published = states(shop), shop.database.value("SELECT count(*) FROM messaging.outbox")
        strictly._run(kept)
        work_off(strictly)

    assert waiting == [("pending", False), ("pending", True), ("pending", True)]
    assert published == 0
    assert states(shop) == [("delivered", False)] * 3
    assert len(receiver.sent) == 3
    assert first in {UUID(str(row[0])) for row in shop.database.query("SELECT id FROM webhooks.deliveries")}


def test_a_rate_puts_off_what_is_over_it_and_refuses_nothing(shop: Shop, worker: Worker) -> None:
    """A second's worth at once, then one after the other, when they are published."""
    with receiving(answer(200)) as receiver, shop.database.work("webhooks")() as session:
        created = endpoints.create(
            session, shop.vault, shop.organisation_id, url=receiver.url(), event_types=None, max_per_second=2
        )
        session.commit()
        for _ in range(6):
            shop.pay_an_order()
        dues = shop.database.query(
            "SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM messaging.scheduled ORDER BY due_at"
        )
        at_once = work_off(worker)
    assert created.endpoint.max_per_second == 2
    assert at_once == 6 - len(dues) >= 2
    assert all(later[0] - earlier[0] > 0.45 for earlier, later in itertools.pairwise(dues))


def test_an_endpoint_that_fails_again_and_again_is_paused_and_probed(shop: Shop, worker: Worker) -> None:
    """What is for it waits as rows, without a message; one delivery finds out that it answers again, and all are sent."""
    strictly = strict(worker, pause_after=3)
    with receiving(*[answer(500)] * 4, answer(200)) as receiver:
        shop.subscribe(receiver.url())
        for _ in range(3):
            shop.pay_an_order()
        work_off(strictly)
        assert paused(shop)
        for _ in range(20):
            shop.pay_an_order()
        waiting, messages = states(shop).count(("pending", True)), work_off(strictly)
        asked = len(receiver.sent)
        probe(shop)
        work_off(strictly)
        failed_probe = (len(receiver.sent), paused(shop))
        probe(shop)
        work_off(strictly)
        strictly.run_scheduled()
        work_off(strictly)

    assert (waiting, messages, asked) == (20, 0, 3)
    assert failed_probe == (4, True)
    assert not paused(shop)
    assert set(states(shop)) == {("delivered", False)}
    assert len(receiver.sent) == 23 + 4


def probe(shop: Shop) -> None:
    """Let the next probe be due now; retries of the schedule stay where they are."""
    rows = shop.database.query(
        "DELETE FROM messaging.scheduled WHERE kind = %s RETURNING message_id, kind, body, fairness_key",
        ProbeEndpoint.kind,
    )
    assert len(rows) == 1
    shop.database.query("UPDATE webhooks.endpoints SET probed_at = probed_at - interval '1 hour'")
    shop.database.query(
        "INSERT INTO messaging.outbox (message_id, kind, is_event, body, fairness_key) VALUES (%s, %s, false, %s, %s) "
        "RETURNING id",
        *rows[0],
    )


def test_what_waits_longer_than_its_attempts_could_have_taken_has_failed(shop: Shop, worker: Worker) -> None:
    """So all that is for an endpoint that never answers ends in the end, and can be tried by hand."""
    shop.subscribe("http://127.0.0.1:9/")
    for _ in range(3):
        shop.pay_an_order()
    shop.database.query("DELETE FROM messaging.outbox RETURNING id")
    shop.database.query(
        "UPDATE webhooks.deliveries SET waiting = true, created_at = clock_timestamp() - make_interval(secs => %s)",
        LONGEST_WAIT_SECONDS + 60,
    )
    shop.database.query("UPDATE webhooks.endpoints SET paused_at = clock_timestamp(), probed_at = clock_timestamp()")

    (endpoint,) = shop.database.query("SELECT id FROM webhooks.endpoints")
    with shop.database.work("webhooks")() as session:
        publish(session, ProbeEndpoint(endpoint_id=endpoint[0], number=1))
    work_off(worker)

    assert states(shop) == [("failed", False)] * 3
    assert not paused(shop)


def test_an_attempt_by_hand_does_not_make_a_delivery_lose_its_turn(shop: Shop, worker: Worker) -> None:
    """It fails, and the delivery waits as before."""
    with receiving(answer(500)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        shop.database.query("DELETE FROM messaging.outbox RETURNING id")
        shop.database.query("UPDATE webhooks.deliveries SET waiting = true")
        with shop.database.work("webhooks")() as session:
            endpoints.retry(session, shop.organisation_id, shop.delivery())
        work_off(worker)
    assert len(receiver.sent) == 1
    assert states(shop) == [("pending", True)]


@pytest.mark.parametrize(
    "left",
    [
        pytest.param("waiting = true", id="waits at an endpoint that nobody calls"),
        pytest.param("calling_until = clock_timestamp() - interval '2 hours'", id="lost its message"),
    ],
)
def test_what_a_process_left_behind_is_sent_on(shop: Shop, worker: Worker, left: str) -> None:
    """By the look of every minute."""
    with receiving(answer(200)) as receiver:
        shop.subscribe(receiver.url())
        shop.pay_an_order()
        shop.database.query("DELETE FROM messaging.outbox RETURNING id")
        shop.database.query(f"UPDATE webhooks.deliveries SET {left}")
        with shop.database.work("webhooks")() as session:
            publish(session, ReleaseWaiting())
        work_off(worker)
    assert states(shop) == [("delivered", False)]
