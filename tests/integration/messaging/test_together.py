"""Several deliveries in one transaction: what holds for each alone holds for each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Event, Thread
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.database.session import driver
from shared.errors import PermanentError, TransientError
from shared.messaging.actor import ActorDeclaration, Snooze
from shared.messaging.delivery import Delivery
from shared.messaging.outbox import publish
from shared.messaging.runner import Ending
from shared.messaging.sharing import Sharing
from shared.messaging.time_limits import TimeLimits
from shared.messaging.together import PATIENCE_SECONDS, run_all
from tests.integration.messaging.bench import Bench, delivery_of, toy_actor
from tests.integration.messaging.shop import Shop, envelope
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, PackToy

DEFAULT = "toyshop.default"

TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM toyshop.effect"


def deliveries(*numbers: int) -> list[Delivery]:
    return [delivery_of(MakeToy(number=number)) for number in numbers]


def together(bench: Bench, declaration: ActorDeclaration, several: Sequence[Delivery], **parts: Any) -> list[Ending]:
    """Run them as a process of its own does that took them up together, and again together what was left of them."""
    runner, endings = bench.runner(**parts), list[Ending]()
    while left := several[len(endings) :]:
        ended = run_all(runner, declaration, left) if len(left) > 1 else []
        endings += ended or [runner.run(declaration, left[0])]
    return endings


def standings(bench: Bench, several: Iterable[Delivery]) -> list[tuple[str, int, int] | None]:
    return [bench.standing(one.message_id) for one in several]


def when(number: int, error: BaseException) -> Any:
    """What a job does: fail if it is this one."""

    def do(message: MakeToy, _: Session) -> None:
        if message.number == number:
            raise error

    return do


def test_several_are_done_in_one_transaction(bench: Bench) -> None:
    several = deliveries(1, 2, 3)

    endings = together(bench, toy_actor(), several)

    assert endings == [Ending.SETTLED] * 3
    assert bench.effects() == [(1, "made"), (2, "made"), (3, "made")]
    assert standings(bench, several) == [("done", 1, 1)] * 3
    assert bench.database.value(TRANSACTIONS) == 1


@pytest.mark.parametrize(
    ("error", "standing", "attempts"),
    [
        (ZeroDivisionError(), ("waiting", 2, 1), [(1, 1, "retry", "ZeroDivisionError")]),
        (TransientError("later"), ("waiting", 2, 1), [(1, 1, "retry", "transient_error")]),
        (PermanentError("never"), ("failed", 1, 1), [(1, 1, "failed", "permanent_error")]),
        (Snooze(5), ("waiting", 2, 0), [(1, 1, "snoozed", "Snooze")]),
        (SystemExit(), ("waiting", 2, 1), [(1, 1, "retry", "SystemExit")]),
    ],
    ids=["bug", "transient", "permanent", "snooze", "exit"],
)
def test_one_that_fails_takes_nobody_along(
    bench: Bench, error: BaseException, standing: tuple[str, int, int], attempts: list[tuple[Any, ...]]
) -> None:
    """The others are done, once; it has what its error leads to, and has spent one attempt at most."""
    several = deliveries(1, 2, 3)

    endings = together(bench, toy_actor(when(2, error)), several)

    assert endings == [Ending.SETTLED] * 3
    assert bench.effects() == [(1, "made"), (3, "made")]
    assert standings(bench, several) == [("done", 1, 1), standing, ("done", 1, 1)]
    assert bench.attempts() == attempts


def test_one_whose_fields_do_not_fit_takes_nobody_along(bench: Bench) -> None:
    several = deliveries(1, 2)

    together(bench, toy_actor(), [several[0], replace(several[1], fields={"number": "?"})])

    assert bench.effects() == [(1, "made")]
    assert bench.attempts() == [(1, 1, "failed", "invalid_payload")]


def test_copies_are_quiet(bench: Bench) -> None:
    """One that is done already, and one that is among them twice."""
    before, twice = deliveries(1, 2)
    bench.run(toy_actor(), before)

    ends = [together(bench, toy_actor(), several) for several in ([before, twice], [twice, before], [twice, twice])]

    assert ends == [[Ending.SETTLED] * 2] * 3
    assert bench.effects() == [(1, "made"), (2, "made")]


def test_one_that_runs_elsewhere_is_put_off_and_takes_nobody_along(bench: Bench) -> None:
    """Its first run lives on, on a connection that was cut off."""
    several = deliveries(1, 2)
    inside, leave = Event(), Event()

    def hold(_: MakeToy, __: Session) -> None:
        inside.set()
        leave.wait(20)

    elsewhere = Thread(target=bench.run, args=(toy_actor(hold), several[1]))
    elsewhere.start()
    inside.wait(20)
    together(bench, toy_actor(), several)
    put_off = bench.scheduled()
    leave.set()
    elsewhere.join(20)

    assert put_off == [(1, "held", 5)]
    assert sorted(bench.effects()) == [(1, "made"), (2, "made")]


def test_time_limit_strikes_one_and_the_others_are_done(bench: Bench) -> None:
    limits = TimeLimits(interval=10)
    limits.manager.start()

    def linger(message: MakeToy, _: Session) -> None:
        while message.number == 2:
            Event().wait(0.01)

    together(bench, toy_actor(linger, time_limit=0.2), deliveries(1, 2), limits=limits)

    assert bench.effects() == [(1, "made")]
    assert bench.attempts() == [(1, 1, "retry", "TimeLimitExceeded")]


def test_one_that_lingers_is_interrupted_and_then_runs_alone_for_as_long_as_it_may(bench: Bench) -> None:
    """What ran before it does not wait for it, and the interrupt counts against nobody."""
    limits = TimeLimits(interval=10)
    limits.manager.start()
    runs: list[float] = []

    def linger(message: MakeToy, _: Session) -> None:
        if message.number == 2:
            started = monotonic()
            runs.append(0.0)
            while monotonic() - started < 4 * PATIENCE_SECONDS:
                Event().wait(0.01)

    endings = together(bench, toy_actor(linger, time_limit=30), deliveries(1, 2), limits=limits)

    assert (endings, len(runs)) == ([Ending.SETTLED] * 2, 2)
    assert bench.effects() == [(1, "made"), (2, "made")]
    assert bench.attempts() == []


def test_one_that_waits_for_a_lock_gives_way_and_then_waits_alone(bench: Bench) -> None:
    """Python cannot interrupt it, PostgreSQL can."""
    lock = text("SELECT pg_advisory_xact_lock(4711)")

    def wait(message: MakeToy, session: Session) -> None:
        if message.number == 2:
            session.execute(lock)

    with bench.database.work("toyshop")() as holder:
        holder.execute(lock)
        thread = Thread(target=together, args=(bench, toy_actor(wait), deliveries(1, 2)))
        thread.start()
        wait_for(lambda: bench.effects() == [(1, "made")], what="the one before it")
    thread.join(20)

    assert bench.effects() == [(1, "made"), (2, "made")]
    assert bench.attempts() == []


def test_stop_hands_all_back_that_had_begun(bench: Bench) -> None:
    """Rolled back together; what had not begun was never taken."""
    limits = TimeLimits()
    several = deliveries(1, 2, 3)
    held = Event()
    endings: list[Ending] = []

    def linger(message: MakeToy, _: Session) -> None:
        while message.number == 2:
            held.set()
            Event().wait(0.01)

    runner = bench.runner(limits=limits)
    thread = Thread(target=lambda: endings.extend(run_all(runner, toy_actor(linger), several)))
    thread.start()
    held.wait(20)
    assert thread.ident is not None
    limits.stop_thread(thread.ident)
    thread.join(20)

    assert endings == [Ending.HAND_BACK] * 2
    assert (bench.effects(), bench.attempts()) == ([], [])


def test_each_publishes_under_its_own_cause(bench: Bench) -> None:
    several = deliveries(1, 2)

    together(
        bench, toy_actor(lambda message, session: (publish(session, PackToy(number=message.number)), None)[1]), several
    )

    bodies = bench.database.query("SELECT convert_from(body, 'UTF8')::jsonb FROM messaging.outbox ORDER BY id")
    causes = [UUID(body["options"]["causation_id"]) for (body,) in bodies]
    assert causes == [one.message_id for one in several]


def test_cut_connection_undoes_all_and_each_is_done_alone(bench: Bench) -> None:
    """Once: what the server never committed is not there, and what it did is not repeated."""
    cut: list[bool] = []

    def cut_once(message: MakeToy, session: Session) -> None:
        if message.number == 2 and not cut:
            cut.append(True)
            pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            bench.database.query("SELECT pg_terminate_backend(%s)", pid)

    endings = together(bench, toy_actor(cut_once), deliveries(1, 2))

    assert endings == [Ending.SETTLED] * 2
    assert bench.effects() == [(1, "made"), (2, "made")]


def test_commit_that_fails_leads_to_each_alone(own_bench: Bench) -> None:
    """A deferred constraint that one of them breaks refuses the commit of all."""
    own_bench.database.query(
        "ALTER TABLE toyshop.effect ADD CONSTRAINT once UNIQUE (number) DEFERRABLE INITIALLY DEFERRED"
    )
    own_bench.database.query("INSERT INTO toyshop.effect (number, what) VALUES (2, 'there before')")
    several = deliveries(1, 2, 3)

    together(own_bench, toy_actor(), several)

    assert own_bench.effects() == [(2, "there before"), (1, "made"), (3, "made")]
    assert standings(own_bench, several) == [("done", 1, 1), ("waiting", 2, 1), ("done", 1, 1)]


def test_none_sees_the_objects_of_another(bench: Bench) -> None:
    """What one has read may have changed since: the next reads it anew."""
    seen: list[int] = []

    def look(_: MakeToy, session: Session) -> None:
        seen.append(len(session.identity_map))
        assert driver(session).info.transaction_status.name == "INTRANS"

    together(bench, toy_actor(look), deliveries(1, 2))

    assert seen == [0, 0]


def test_one_that_failed_and_those_behind_it_are_left(bench: Bench) -> None:
    """What was well before it is ended, at once; it may take long, alone."""
    several = deliveries(1, 2, 3)

    endings = run_all(bench.runner(), toy_actor(when(2, ZeroDivisionError())), several)

    assert endings == [Ending.SETTLED]
    assert standings(bench, several) == [("done", 1, 1), None, None]


def test_first_one_that_failed_is_left_with_all_behind_it(bench: Bench) -> None:
    """They are for others before it runs alone: it may take long."""
    several = deliveries(1, 2, 3)

    endings = run_all(bench.runner(), toy_actor(when(1, ZeroDivisionError())), several)

    assert endings == []
    assert standings(bench, several) == [None, None, None]


def test_kind_that_fell_apart_runs_alone_for_a_while(bench: Bench) -> None:
    runner = bench.runner(sharing=Sharing(clock=lambda: 1_000.0))
    runner.sharing.learn(MakeToy.kind, 0.001)

    run_all(runner, toy_actor(when(1, ZeroDivisionError())), deliveries(1, 2))

    assert not runner.sharing.is_quick(MakeToy.kind)


def test_worker_ends_many_with_fewer_commits_and_acknowledges_all(shop: Shop) -> None:
    """The whole way: nothing stays in the queue, every effect is there once."""
    declaration = toy_actor()
    shop.declare(declaration)
    shop.put(DEFAULT, *(envelope(MakeToy.kind, kwargs={"number": number}) for number in range(200)))
    worker = shop.start_worker(declaration, threads=8)

    wait_for(lambda: len(shop.effects()) == 200, what="all effects")
    shop.stop(worker)

    assert set(shop.effects().values()) == {1}
    assert shop.vhost.count(DEFAULT) == 0
    assert shop.database.value(TRANSACTIONS) < 150
