"""Unique keys and debouncing, published by many at once and worked on by four processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from shared.messaging.outbox import publish
from shared.messaging.unique import Debounce, Unique
from tests.integration.messaging.policies.contracts import Job, LonelyJob
from tests.integration.messaging.policies.crew import Crew
from tests.support.waiting import wait_for


def publish_eight_at_once(crew: Crew, key: str, unique: Unique) -> set[UUID]:
    def one(number: int) -> UUID:
        return crew.publish(Job(number=number, key=key, how="gated"), unique=unique)[0]

    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(one, range(8)))


def test_key_until_finished_gives_the_id_that_is_there(crew: Crew) -> None:
    """Eight publish at once: one message, whose id all get, also while it runs; when it is done the key is free."""
    unique = Unique("order-1")
    ids = publish_eight_at_once(crew, "finished", unique)
    crew.wait_for_runs("finished", 1)
    ids |= set(crew.publish(Job(number=9, key="finished"), unique=unique))
    crew.open_gate("finished")
    done = crew.wait_until_done("finished", [0])
    another = crew.publish(Job(number=10, key="finished"), unique=unique)
    crew.wait_until_done("finished", [0, 10])

    assert (len(ids), len(done), another[0] in ids) == (1, 1, False)


def test_key_until_finished_survives_the_death_of_its_worker(crew: Crew) -> None:
    """The message is there as long as nobody has ended it."""
    unique = Unique("order-2")
    first = crew.publish(Job(number=0, key="dead", how="gated"), unique=unique)
    ((_, pid),) = crew.wait_for_runs("dead", 1)
    crew.kill(pid)
    crew.wait_for_runs("dead", 2)
    second = crew.publish(Job(number=1, key="dead"), unique=unique)
    crew.open_gate("dead")
    done = crew.wait_until_done("dead", [0])

    assert (first == second, done) == (True, [0])


def test_key_until_started_is_free_when_the_handler_starts_and_not_when_it_has_to_wait(crew: Crew) -> None:
    """A limiter that puts the message back has not started it."""
    unique = Unique("order-3", until="started")
    crew.publish(LonelyJob(number=0, key="started", how="gated"))
    crew.wait_for_runs("started", 1)
    waiting = crew.publish(LonelyJob(number=1, key="started"), unique=unique)
    wait_for(lambda: crew.snoozes(waiting) == [1], 40, "it to be put back")
    while_waiting = crew.publish(LonelyJob(number=2, key="started"), unique=unique)
    crew.open_gate("started")
    crew.wait_until_done("started", [0, 1])
    afterwards = crew.publish(LonelyJob(number=3, key="started"), unique=unique)
    done = crew.wait_until_done("started", [0, 1, 3])

    assert (while_waiting == waiting, afterwards == waiting, done) == (True, False, [0, 1, 3])


def test_key_for_a_time_holds_when_its_message_is_done(crew: Crew) -> None:
    """Until the time is over, whatever became of the message."""
    unique = Unique("order-4", until=timedelta(hours=1))
    first = crew.publish(Job(number=0, key="hour"), unique=unique)
    crew.wait_until_done("hour", [0])
    second = crew.publish(Job(number=1, key="hour"), unique=unique)
    crew.query("UPDATE messaging.unique_key SET expires_at = expires_at - interval '1 hour' WHERE key LIKE '%%order-4'")
    third = crew.publish(Job(number=2, key="hour"), unique=unique)
    done = crew.wait_until_done("hour", [0, 2])

    assert (first == second, first == third, done) == (True, False, [0, 2])


def test_two_kinds_may_use_the_same_key(crew: Crew) -> None:
    """A key says something about one kind of message."""
    unique = Unique("order-5")
    crew.publish(Job(number=0, key="kinds", how="gated"), unique=unique)
    crew.publish(LonelyJob(number=1, key="kinds", how="gated"), unique=unique)
    crew.open_gate("kinds")
    assert crew.wait_until_done("kinds", [0, 1]) == [0, 1]


def test_key_of_a_transaction_that_is_rolled_back_is_free(crew: Crew) -> None:
    """It was never taken."""
    unique = Unique("order-6")

    def publish_and_fail() -> None:
        with crew.database.work("toyshop")() as session:
            publish(session, Job(number=0, key="rollback"), unique=unique)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    crew.publish(Job(number=1, key="rollback"), unique=unique)
    assert crew.wait_until_done("rollback", [1]) == [1]


def test_last_of_a_burst_wins_and_the_longest_wait_counts_from_the_first(crew: Crew) -> None:
    """Published again and again before the wait is over: sent at max_wait, with what was published last."""
    debounce = Debounce("basket", wait=60.0, max_wait=90.0)
    for number in range(5):
        crew.publish(Job(number=number, key="debounce"), debounce=debounce)
    ours = "WHERE debounce_key = 'toyshop.job.do:basket'"
    times = "due_at <= latest_at, extract(epoch FROM latest_at - created_at)::float8"
    ((in_time, longest),) = crew.query(f"SELECT {times} FROM messaging.scheduled {ours}")
    crew.query(f"UPDATE messaging.scheduled SET latest_at = clock_timestamp() + interval '0.3 s' {ours}")
    crew.publish(Job(number=5, key="debounce"), debounce=debounce)
    done = crew.wait_until_done("debounce", [5], seconds=30)

    assert (in_time, round(longest), done) == (True, 90, [5])
