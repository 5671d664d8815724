"""Failed jobs: kept until a person decides, retried with all their tries, or discarded."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.orm import Session

from shared.database.session import driver
from shared.errors import PermanentError
from shared.ids import new_id
from shared.messaging.delivery import Delivery
from shared.messaging.failed_jobs import (
    FailedJobNotFoundError,
    Failure,
    NotRetryableError,
    discard_failed,
    finish_failed,
    list_failed,
    retry_failed,
    show_failed,
)
from tests.integration.messaging.bench import QUEUE, Bench, delivery_of, toy_actor
from tests.toyshop.contracts import MakeToy

TOY = MakeToy(number=1)
GOOD = toy_actor()


def no_such_toy(*_: object) -> None:
    raise PermanentError("no such toy")


def fail(bench: Bench) -> tuple[Delivery, UUID]:
    """A delivery that failed finally, and the id of its failed job."""
    delivery = delivery_of(TOY)
    bench.run(toy_actor(no_such_toy), delivery)
    return delivery, bench.database.value(
        "SELECT id FROM messaging.failed_job WHERE message_id = %s", delivery.message_id
    )


def sent_again(bench: Bench, message_id: UUID) -> Delivery:
    """The delivery that the outbox row of a retry leads to."""
    queue, body = bench.database.query("SELECT queue, body FROM messaging.outbox WHERE message_id = %s", message_id)[0]
    message = orjson.loads(bytes(body))
    assert queue == QUEUE
    return delivery_of(TOY, message_id=UUID(message["message_id"]), turn=message["options"]["turn"])


def resolution(bench: Bench, failed_id: UUID) -> tuple[Any, ...]:
    return bench.database.query(
        "SELECT resolution, resolution_note, resolved_at IS NOT NULL FROM messaging.failed_job WHERE id = %s", failed_id
    )[0]


def test_retry_runs_the_message_with_a_new_turn_and_all_its_tries(bench: Bench) -> None:
    """The inbox row waits again, its attempts begin at nothing, and the job is closed."""
    delivery, failed_id = fail(bench)

    with bench.database.work("toyshop")() as session:
        message_id = retry_failed(session, failed_id)
    waiting = bench.standing(message_id)
    bench.run(GOOD, sent_again(bench, message_id))

    assert waiting == ("waiting", 2, 0)
    assert bench.standing(delivery.message_id) == ("done", 2, 1)
    assert bench.effects() == [(1, "made")]
    assert resolution(bench, failed_id) == ("retried", None, True)


def test_retry_that_fails_again_is_a_new_failed_job(bench: Bench) -> None:
    """The first one stays closed; there is one for each end."""
    delivery, failed_id = fail(bench)
    with bench.database.work("toyshop")() as session:
        retry_failed(session, failed_id)

    bench.run(toy_actor(no_such_toy), sent_again(bench, delivery.message_id))

    rows = bench.database.query("SELECT turn, resolved_at IS NULL FROM messaging.failed_job ORDER BY turn")
    assert rows == [(1, False), (2, True)]


def test_late_copy_of_the_failed_turn_stays_quiet_after_a_retry(bench: Bench) -> None:
    """A delivery that hung somewhere since must not run beside the retry."""
    delivery, failed_id = fail(bench)
    with bench.database.work("toyshop")() as session:
        retry_failed(session, failed_id)

    bench.run(GOOD, delivery)

    assert bench.effects() == []
    assert bench.standing(delivery.message_id) == ("waiting", 2, 0)


@pytest.mark.parametrize("decide", [retry_failed, discard_failed])
def test_job_is_decided_once(bench: Bench, decide: Any) -> None:
    """The second click finds nothing to do, and says so."""
    _, failed_id = fail(bench)
    with bench.database.work("toyshop")() as session:
        decide(session, failed_id)

    with pytest.raises(FailedJobNotFoundError, match=str(failed_id)), bench.database.work("toyshop")() as session:
        decide(session, failed_id)


def test_retry_that_is_rolled_back_leaves_the_job_open(bench: Bench) -> None:
    """All of it is the caller's transaction."""
    delivery, failed_id = fail(bench)

    with pytest.raises(RuntimeError, match="changed my mind"), bench.database.work("toyshop")() as session:
        retry_failed(session, failed_id)
        raise RuntimeError("changed my mind")

    assert resolution(bench, failed_id) == (None, None, False)
    assert bench.standing(delivery.message_id) == ("failed", 1, 1)


def test_discarded_job_stays_readable(bench: Bench) -> None:
    """It leaves the list of open ones, and keeps the note."""
    delivery, failed_id = fail(bench)

    with bench.database.work("toyshop")() as session:
        discard_failed(session, failed_id, "the toy is not made any more")

    with bench.database.work("toyshop")() as session:
        assert (list_failed(session), len(list_failed(session, include_resolved=True))) == ([], 1)
        job = show_failed(session, failed_id)
    assert (job["resolution"], job["resolution_note"]) == ("discarded", "the toy is not made any more")
    assert job["body"]["message_id"] == str(delivery.message_id)


def test_list_shows_open_jobs_of_a_service_and_kind_the_newest_first(bench: Bench) -> None:
    """Without bodies: those are shown one by one."""
    ids = [fail(bench)[1] for _ in range(3)]

    with bench.database.work("toyshop")() as session:
        everything = list_failed(session, service="toyshop", kind=MakeToy.kind)
        elsewhere = list_failed(session, service="ticketing")
        first = list_failed(session, limit=1)

    assert [job["id"] for job in everything] == ids[::-1]
    assert (elsewhere, [job["id"] for job in first]) == ([], [ids[-1]])
    assert "body" not in everything[0]


def test_job_is_shown_with_its_attempts(bench: Bench) -> None:
    """What a person needs to decide: the message, each attempt, the error."""
    _, failed_id = fail(bench)

    with bench.database.work("toyshop")() as session:
        job = show_failed(session, failed_id)

    assert job["body"]["kwargs"]["number"] == 1
    assert [(row["attempt"], row["outcome"], row["error"]) for row in job["attempts_log"]] == [
        (1, "failed", "no such toy")
    ]


def test_body_that_is_no_message_can_be_seen_and_not_retried(bench: Bench) -> None:
    """It is shown as far as it can be read; only discarding is left."""
    failure = Failure("toyshop", "unknown", QUEUE, None, 1, 0, "malformed", "malformed", "not JSON", b"\xff\x00what?")
    with bench.database.work("toyshop")() as session:
        finish_failed(session, failure, None)
        failed_id = list_failed(session)[0]["id"]

    with bench.database.work("toyshop")() as session:
        shown = show_failed(session, failed_id)["body"]
        with pytest.raises(NotRetryableError, match=str(failed_id)):
            retry_failed(session, failed_id)

    assert shown.endswith("what?")


def test_end_is_recorded_once_whoever_records_it(bench: Bench) -> None:
    """The relay may meet a message that its worker has ended already: the first end stands."""
    delivery, _ = fail(bench)
    failure = Failure("toyshop", TOY.kind, QUEUE, delivery.message_id, 1, 0, "unroutable", "unroutable", "late", b"{}")

    with bench.database.work("toyshop")() as session:
        ended = finish_failed(session, failure, None)

    assert not ended
    assert bench.database.value("SELECT count(*) FROM messaging.failed_job") == 1


def test_unknown_job_is_not_found(bench: Bench) -> None:
    """The error says where to look."""
    with bench.database.work("toyshop")() as session, pytest.raises(FailedJobNotFoundError, match="failed list"):
        show_failed(session, new_id())


def test_list_with_settled_jobs_sorts_nothing(bench: Bench) -> None:
    """There may be hundreds of thousands of them; the list shows the newest hundred."""
    bench.database.query(
        "INSERT INTO messaging.failed_job (id, service, kind, turn, attempts, reason, error, body, resolved_at, failed_at)"
        " SELECT gen_random_uuid(), 'toyshop', 'toyshop.toy.make', 1, 1, 'permanent', '', '', now(),"
        " now() - interval '1 second' * number FROM generate_series(1, 20000) AS number"
    )
    bench.database.query("ANALYZE messaging.failed_job")
    with Session(bench.database.engine("toyshop")) as session:
        listed = list_failed(session, include_resolved=True)
        plan = driver(session).execute(
            "EXPLAIN SELECT id FROM messaging.failed_job WHERE (NULL::text IS NULL OR service = NULL)"
            " AND (true OR resolved_at IS NULL) ORDER BY failed_at DESC, id DESC LIMIT 100"
        )
        statements = [str(line[0]) for line in plan]

    assert (len(listed), any("Sort" in line for line in statements)) == (100, False), "\n".join(statements)
