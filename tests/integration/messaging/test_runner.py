"""Inbox and turns: whatever is delivered, and however often, the effect happens once."""

from threading import Barrier, Event, Thread
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.errors import TransientError
from shared.ids import new_id
from shared.messaging.actor import Snooze
from shared.messaging.outbox import publish
from shared.messaging.runner import Ending
from tests.integration.messaging.bench import Bench, Died, delivery_of, toy_actor
from tests.support.waiting import wait_for
from tests.toyshop.contracts import MakeToy, PackToy

TOY = MakeToy(number=1)


def raising(*errors: BaseException) -> Any:
    """What a job does: raise these one after the other, then nothing more."""
    left = list(errors)

    def do(*_: object) -> None:
        if left:
            raise left.pop(0)

    return do


def test_message_that_is_done_costs_one_inbox_row(bench: Bench) -> None:
    """The happy path writes its effect and the inbox row, and nothing else."""
    delivery = delivery_of(TOY)

    ending = bench.run(toy_actor(), delivery)

    assert ending is Ending.SETTLED
    assert bench.standing(delivery.message_id) == ("done", 1, 1)
    assert (bench.effects(), bench.attempts(), bench.scheduled(), bench.starts()) == ([(1, "made")], [], [], [])


@pytest.mark.parametrize("redelivered", [True, False], ids=["redelivered", "published twice"])
def test_second_delivery_of_what_is_done_is_quiet(bench: Bench, redelivered: bool) -> None:
    """Killed between commit and acknowledgement, or published twice by the relay: the effect is there once."""
    delivery = delivery_of(TOY)
    bench.run(toy_actor(), delivery)

    ending = bench.run(toy_actor(), delivery_of(TOY, message_id=delivery.message_id, redelivered=redelivered))

    assert ending is Ending.SETTLED
    assert bench.effects() == [(1, "made")]
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_delivery_of_an_old_turn_is_quiet(bench: Bench) -> None:
    """Once a retry is decided, the first publication may come again: it has no effect, and spends no attempt."""
    delivery = delivery_of(TOY)
    declaration = toy_actor(raising(TransientError("not yet")))
    bench.run(declaration, delivery)

    bench.run(declaration, delivery_of(TOY, message_id=delivery.message_id, redelivered=True))

    assert bench.effects() == []
    assert bench.standing(delivery.message_id) == ("waiting", 2, 1)
    assert len(bench.scheduled()) == 1


def test_turn_that_was_cut_off_runs_again(bench: Bench) -> None:
    """A process that died before its commit left nothing: the same turn runs."""
    delivery = delivery_of(TOY)
    with pytest.raises(Died):
        bench.run(toy_actor(raising(Died())), delivery)

    bench.run(toy_actor(), delivery_of(TOY, message_id=delivery.message_id, redelivered=True))

    assert bench.effects() == [(1, "made")]
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_copy_of_a_snoozed_turn_meets_the_next_turn(bench: Bench) -> None:
    """A snooze keeps the number of the attempt, so only the turn tells a copy of turn 1 from turn 2."""
    delivery = delivery_of(TOY)
    declaration = toy_actor(raising(Snooze(5)))
    bench.run(declaration, delivery)
    following = bench.next_delivery()
    bench.run(declaration, following)

    bench.run(declaration, delivery_of(TOY, message_id=delivery.message_id))
    bench.run(declaration, following)

    assert bench.effects() == [(1, "made")]
    assert bench.standing(delivery.message_id) == ("done", 2, 1)


def test_duplicates_at_once_run_once(bench: Bench) -> None:
    """While the first run is alive on a connection that was cut, its copy is put off with the same turn."""
    inside, leave = Event(), Event()

    def hold(*_: object) -> None:
        inside.set()
        leave.wait(10)

    delivery = delivery_of(TOY)
    first = Thread(target=bench.run, args=(toy_actor(hold), delivery))
    first.start()
    inside.wait(10)

    ending = bench.run(toy_actor(), delivery_of(TOY, message_id=delivery.message_id, redelivered=True))
    put_off = bench.scheduled()
    leave.set()
    first.join(10)
    bench.run(toy_actor(), bench.next_delivery())

    assert ending is Ending.SETTLED
    assert put_off == [(1, "held", 5)]
    assert bench.effects() == [(1, "made")]
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_many_copies_at_the_same_moment_run_once(bench: Bench) -> None:
    """Eight threads, one message: one effect."""
    message_id, barrier = new_id(), Barrier(8)

    def deliver() -> None:
        barrier.wait(10)
        bench.run(toy_actor(), delivery_of(TOY, message_id=message_id))

    threads = [Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert bench.effects() == [(1, "made")]
    assert bench.standing(message_id) == ("done", 1, 1)


def test_commit_that_fails_leads_to_a_retry_and_publishes_nothing(own_bench: Bench) -> None:
    """The server refuses at the very commit: neither the effect nor the message of the attempt is there."""
    own_bench.database.query(
        "ALTER TABLE toyshop.effect ADD CONSTRAINT once UNIQUE (number) DEFERRABLE INITIALLY DEFERRED"
    )
    own_bench.database.query("INSERT INTO toyshop.effect (number, what) VALUES (1, 'there before')")
    delivery = delivery_of(TOY)

    own_bench.run(toy_actor(lambda _, session: (publish(session, PackToy(number=1)), None)[1]), delivery)

    assert own_bench.standing(delivery.message_id) == ("waiting", 2, 1)
    assert own_bench.effects() == [(1, "there before")]
    assert own_bench.outbox_kinds() == []


@pytest.mark.parametrize("state", ["40001", "40P01"], ids=["serialization failure", "deadlock"])
def test_transaction_that_should_run_again_runs_at_once(bench: Bench, state: str) -> None:
    """PostgreSQL says so itself; it costs no attempt."""
    runs: list[int] = []

    def collide(_: MakeToy, session: Session) -> None:
        runs.append(1)
        if len(runs) < 3:
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}'; END $$"))

    delivery = delivery_of(TOY)
    bench.run(toy_actor(collide), delivery)

    assert (len(runs), bench.effects(), bench.attempts()) == (3, [(1, "made")], [])
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_two_services_hear_the_same_message_each_for_itself(bench: Bench) -> None:
    """The key of the inbox is message and service: a queue of another service does not see this one's row."""
    delivery = delivery_of(TOY)
    bench.run(toy_actor(), delivery)

    bench.database.query("UPDATE messaging.inbox SET service = 'puppets' WHERE message_id = %s", delivery.message_id)
    bench.run(toy_actor(), delivery)

    assert bench.effects() == [(1, "made")] * 2


def test_database_that_comes_back_within_the_minute_is_waited_for(bench: Bench) -> None:
    """A connection that the server ends is not an error of the job: the transaction runs from its start."""
    runs: list[int] = []

    def cut(_: MakeToy, session: Session) -> None:
        runs.append(1)
        if len(runs) == 1:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    delivery = delivery_of(TOY)
    ending = bench.run(toy_actor(cut), delivery)
    wait_for(lambda: bench.gate.is_open, what="the gate to open")

    assert ending is Ending.SETTLED
    assert (bench.effects(), bench.attempts()) == ([(1, "made")], [])
