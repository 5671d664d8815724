"""A time limit at any moment leads to done or to a retry, never to both, and costs the pool no connection."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event, Thread
from time import monotonic

import pytest
from sqlalchemy.orm import Session

from shared.messaging.runner import Ending
from shared.messaging.time_limits import TimeLimits
from tests.integration.messaging.bench import Bench, delivery_of, toy_actor
from tests.toyshop.contracts import MakeToy

SLOW_COMMIT = """
CREATE FUNCTION toyshop.slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON toyshop.effect DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION toyshop.slow();
"""


@pytest.fixture
def limits() -> Iterator[TimeLimits]:
    """Time limits that look every millisecond."""
    limits = TimeLimits(interval=1)
    limits.manager.start()
    yield limits
    limits.manager._stopped.set()
    limits.manager.join(5)


def spin(seconds: float) -> None:
    """Work in Python, where an interrupt can strike at each step."""
    end = monotonic() + seconds
    while monotonic() < end:
        pass


def test_job_over_its_limit_is_rolled_back_and_tried_again(bench: Bench, limits: TimeLimits) -> None:
    """The limit is an error like any other: one attempt is spent, nothing else stays."""
    delivery = delivery_of(MakeToy(number=1))

    ending = bench.run(toy_actor(lambda *_: spin(10), time_limit=0.1), delivery, limits=limits)

    assert ending is Ending.SETTLED
    assert bench.attempts() == [(1, 1, "retry", "TimeLimitExceeded")]
    assert bench.effects() == []


def test_limit_cannot_strike_in_the_commit(own_bench: Bench, limits: TimeLimits) -> None:
    """The commit alone takes twice as long as the job may: it is disarmed, so the job is done."""
    own_bench.database.query(SLOW_COMMIT)
    delivery = delivery_of(MakeToy(number=1))

    own_bench.run(toy_actor(time_limit=2), delivery, limits=limits)

    assert (own_bench.effects(), own_bench.attempts()) == ([(1, "made")], [])
    assert own_bench.standing(delivery.message_id) == ("done", 1, 1)


def test_jobs_that_end_near_their_limit_are_done_or_retried(bench: Bench, limits: TimeLimits) -> None:
    """Each of them has its effect and is done, or has none and waits for its retry."""
    declaration = toy_actor(lambda message, _: spin(message.seconds), time_limit=0.03)
    deliveries = [delivery_of(MakeToy(number=n, seconds=0.02 + (n % 40) * 0.0005)) for n in range(120)]
    runner = bench.runner(limits)

    def work(share: list[object]) -> None:
        for delivery in share:
            runner.run(declaration, delivery)  # type: ignore[arg-type] # a slice of the deliveries

    threads = [Thread(target=work, args=(deliveries[index::4],)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    made = Counter(number for number, _ in bench.effects())
    standings = {n: bench.standing(delivery.message_id) for n, delivery in enumerate(deliveries)}
    assert {n for n, standing in standings.items() if standing == ("done", 1, 1)} == set(made)
    assert {standing for n, standing in standings.items() if n not in made} <= {("waiting", 2, 1)}
    assert set(made.values()) == {1}
    assert len(bench.scheduled()) == 120 - len(made)


def test_interrupted_jobs_cost_the_pool_no_connection(bench: Bench, limits: TimeLimits) -> None:
    """Wherever the limit struck, every connection can be had again."""

    def insert_for_ever(_: MakeToy, session: Session) -> None:
        while True:
            session.connection().exec_driver_sql("SELECT 1")

    runner = bench.runner(limits)
    for number in range(30):
        runner.run(toy_actor(insert_for_ever, time_limit=0.01 + number * 0.0003), delivery_of(MakeToy(number=number)))

    with ExitStack() as stack:
        taken = [stack.enter_context(runner.engine.connect()) for _ in range(10)]
        assert len(taken) == 10
    assert bench.effects() == []


def test_failing_job_is_not_struck_by_its_limit_afterwards(bench: Bench, limits: TimeLimits) -> None:
    """An error right at the limit is one attempt: the interrupt does not come while it is being recorded."""

    def fail_late(message: MakeToy, _: Session) -> None:
        spin(message.seconds)
        raise ZeroDivisionError

    runner = bench.runner(limits)
    for number in range(40):
        message = MakeToy(number=number, seconds=0.018 + number * 0.0001)
        runner.run(toy_actor(fail_late, time_limit=0.02), delivery_of(message))

    outcomes = Counter((attempt, outcome) for _, attempt, outcome, _ in bench.attempts())
    assert outcomes == {(1, "retry"): 40}


def test_thread_that_is_not_armed_is_not_stopped(limits: TimeLimits) -> None:
    """Past the point of no return a stop finds nobody to interrupt."""
    armed, release, answers = Event(), Event(), []

    def work() -> None:
        limits.arm(60)
        limits.disarm()
        armed.set()
        release.wait(10)

    thread = Thread(target=work)
    thread.start()
    armed.wait(10)
    assert thread.ident is not None
    answers.append(limits.stop_thread(thread.ident))
    release.set()
    thread.join(10)

    assert answers == [False]
