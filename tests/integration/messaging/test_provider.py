"""Work with a provider in three steps: whatever dies in between, it is asked before anything is repeated."""

from threading import Event, Thread, get_ident
from typing import Any
from uuid import UUID

import pytest

from shared.errors import OutcomeUnknown, PermanentError, TransientError
from shared.messaging.runner import Ending
from shared.messaging.time_limits import TimeLimits
from tests.integration.messaging.bench import Bench, Died, delivery_of
from tests.integration.messaging.carrier import Carrier, ship
from tests.support.databases import OPEN_TRANSACTIONS
from tests.support.waiting import wait_for
from tests.toyshop.contracts import ShipToy, ToyFailed

TOY = ShipToy(number=1)
LEASE_SECONDS = 35.0
"""The call's deadline of 5 s, and 30 s."""


def leases(bench: Bench) -> list[tuple[Any, ...]]:
    """(unknown, seconds that are left, rounded)."""
    return bench.database.query(
        "SELECT unknown, round(extract(epoch FROM expires_at - clock_timestamp())) FROM messaging.lease"
    )


def let_lease_expire(bench: Bench) -> None:
    bench.database.query("UPDATE messaging.lease SET expires_at = clock_timestamp() - interval '1 second'")


def die_in_call(bench: Bench) -> UUID:
    """A process that dies while the provider is being called."""
    delivery = delivery_of(TOY)
    with pytest.raises(Died):
        bench.run(ship(), delivery, dependencies=Carrier(call=Died()))
    return delivery.message_id


def test_three_steps_lead_to_done(bench: Bench) -> None:
    """Prepared, called, recorded: no lease is left."""
    delivery, carrier = delivery_of(TOY), Carrier()

    ending = bench.run(ship(), delivery, dependencies=carrier)

    assert ending is Ending.SETTLED
    assert (carrier.asked, bench.effects()) == (["prepare", "call", "record"], [(1, "shipped")])
    assert (bench.standing(delivery.message_id), leases(bench)) == (("done", 1, 1), [])


def test_no_transaction_is_open_during_the_call(bench: Bench) -> None:
    """The intent and the lease are committed; the provider may take its time."""
    seen: list[Any] = []
    delivery = delivery_of(TOY)

    def look() -> str:
        seen.extend([bench.database.value(OPEN_TRANSACTIONS), bench.standing(delivery.message_id), leases(bench)])
        return "shipped"

    bench.run(ship(), delivery, dependencies=Carrier(call=look))

    assert seen == [0, ("calling", 1, 0), [(False, LEASE_SECONDS)]]


def test_nothing_left_to_do_is_done_without_a_call(bench: Bench) -> None:
    """Prepare says so by returning None."""
    delivery, carrier = delivery_of(TOY), Carrier(prepare=[None])

    bench.run(ship(), delivery, dependencies=carrier)

    assert carrier.asked == ["prepare"]
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_call_that_surely_did_not_happen_is_repeated(bench: Bench) -> None:
    """A transient error leaves no doubt, so nobody is asked."""
    carrier = Carrier(call=[TransientError("busy"), "shipped"])
    bench.run(ship(), delivery_of(TOY), dependencies=carrier)
    after_failure = leases(bench)

    bench.run(ship(), bench.next_delivery(), dependencies=carrier)

    assert after_failure == []
    assert carrier.asked == ["prepare", "call", "prepare", "call", "record"]
    assert bench.effects() == [(1, "failed: busy"), (1, "shipped")]


@pytest.mark.parametrize(
    "error", [OutcomeUnknown("lost"), ZeroDivisionError("a bug")], ids=["outcome unknown", "bug in the adapter"]
)
def test_call_that_may_have_happened_is_asked_about(bench: Bench, error: Exception) -> None:
    """The answer was lost: the next attempt finds it out, and does not call again."""
    carrier = Carrier(call=[error, "never"], resolve=["shipped"])
    bench.run(ship(), delivery_of(TOY), dependencies=carrier)
    in_doubt = leases(bench)

    bench.run(ship(), bench.next_delivery(), dependencies=carrier)

    assert [lease[0] for lease in in_doubt] == [True]
    assert carrier.asked == ["prepare", "call", "prepare", "resolve", "record"]
    assert leases(bench) == []


def test_call_that_did_not_happen_after_all_is_made(bench: Bench) -> None:
    """Resolve found nothing, or repeating is harmless: then the call follows."""
    carrier = Carrier(call=[OutcomeUnknown("lost"), "shipped"], resolve=[None])
    bench.run(ship(), delivery_of(TOY), dependencies=carrier)

    bench.run(ship(), bench.next_delivery(), dependencies=carrier)

    assert carrier.asked == ["prepare", "call", "prepare", "resolve", "call", "record"]


def test_provider_that_cannot_be_asked_now_is_asked_later(bench: Bench) -> None:
    """The doubt stays while resolve itself fails: nothing is repeated in between."""
    carrier = Carrier(call=[OutcomeUnknown("lost"), "never"], resolve=[TransientError("down"), "shipped"])
    bench.run(ship(), delivery_of(TOY), dependencies=carrier)
    bench.run(ship(), bench.next_delivery(), dependencies=carrier)
    in_doubt = leases(bench)

    bench.run(ship(), bench.next_delivery(), dependencies=carrier)

    assert [lease[0] for lease in in_doubt] == [True]
    assert carrier.asked.count("call") == 1
    assert bench.effects()[-1] == (1, "shipped")


def test_nobody_can_know_is_an_end_that_says_so(bench: Bench) -> None:
    """Where repeating is worse than not knowing, the message fails with the words of the service."""
    carrier = Carrier(call=[OutcomeUnknown("lost")], resolve=[PermanentError("it may have been sent")])
    bench.run(ship(), delivery_of(TOY), dependencies=carrier)

    bench.run(ship(), bench.next_delivery(), dependencies=carrier)

    assert bench.database.value("SELECT error FROM messaging.failed_job") == "it may have been sent"
    assert carrier.asked.count("call") == 1
    assert carrier.told[-1] == ("it may have been sent", True)


def test_living_lease_is_waited_for(bench: Bench) -> None:
    """Redelivered while the first call may still be under way: put off until the lease ends, same turn, no call."""
    message_id, carrier = die_in_call(bench), Carrier()

    ending = bench.run(ship(), delivery_of(TOY, message_id=message_id, redelivered=True), dependencies=carrier)

    ((turn, reason, seconds),) = bench.scheduled()
    assert (ending, carrier.asked) == (Ending.SETTLED, [])
    assert (turn, reason) == (1, "held")
    assert LEASE_SECONDS - 10 < seconds <= LEASE_SECONDS


def test_expired_lease_is_resolved(bench: Bench) -> None:
    """Whoever held it is gone: the provider is asked, and what it did is recorded once."""
    message_id, carrier = die_in_call(bench), Carrier(resolve=["shipped"])
    let_lease_expire(bench)

    bench.run(ship(), delivery_of(TOY, message_id=message_id, redelivered=True), dependencies=carrier)

    assert carrier.asked == ["prepare", "resolve", "record"]
    assert bench.effects() == [(1, "shipped")]
    assert bench.standing(message_id) == ("done", 1, 1)


def test_record_of_a_lease_that_passed_on_is_fenced_off(bench: Bench) -> None:
    """A call outlasted its lease and another run took the message over: one of the two records."""
    delivery, second = delivery_of(TOY), Carrier(resolve=["shipped by the second"])

    def outlast() -> str:
        let_lease_expire(bench)
        again = delivery_of(TOY, message_id=delivery.message_id, redelivered=True)
        bench.run(ship(), again, dependencies=second)
        return "shipped by the first"

    bench.run(ship(), delivery, dependencies=Carrier(call=outlast))

    assert bench.effects() == [(1, "shipped by the second")]
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_interrupted_call_records_nothing_and_is_handed_back(bench: Bench) -> None:
    """The process must stop while the provider is being called: lease and turn stay, no attempt is spent."""
    inside, delivery = Event(), delivery_of(TOY)
    thread_ids: list[int] = []

    def hang() -> str:
        thread_ids.append(get_ident())
        inside.set()
        while True:
            Event().wait(0.01)

    runner = bench.runner(dependencies=Carrier(call=hang))
    endings: list[Ending] = []
    thread = Thread(target=lambda: endings.append(runner.run(ship(), delivery)))
    thread.start()
    inside.wait(10)
    runner.limits.stop_thread(thread_ids[0])
    thread.join(10)

    assert endings == [Ending.HAND_BACK]
    assert bench.standing(delivery.message_id) == ("calling", 1, 0)
    assert (bench.attempts(), bench.scheduled(), len(leases(bench))) == ([], [], 1)


def test_time_limit_in_the_call_leaves_the_outcome_unknown(bench: Bench) -> None:
    """Nobody knows what the provider did: the retry asks it."""
    limits = TimeLimits(interval=10)
    limits.manager.start()

    def hang() -> str:
        while True:
            Event().wait(0.01)

    bench.run(ship(time_limit=0.2, call_deadline=0.1), delivery_of(TOY), limits=limits, dependencies=Carrier(call=hang))

    assert [attempt[3] for attempt in bench.attempts()] == ["TimeLimitExceeded"]
    assert [lease[0] for lease in leases(bench)] == [True]
    wait_for(lambda: not limits.manager._deadlines, what="nothing to be armed any more")


def test_bug_in_record_does_not_repeat_the_call(bench: Bench) -> None:
    """The provider did it; only writing it down failed."""
    carrier = Carrier(resolve=["shipped"], record=[ZeroDivisionError("a bug"), None])
    bench.run(ship(), delivery_of(TOY), dependencies=carrier)

    bench.run(ship(), bench.next_delivery(), dependencies=carrier)

    assert carrier.asked.count("call") == 1
    assert bench.effects() == [(1, "failed: a bug"), (1, "shipped")]


@pytest.mark.parametrize("step", ["prepare", "call"])
@pytest.mark.parametrize("error", [TransientError("busy"), ZeroDivisionError("a bug")], ids=["foreseen", "bug"])
def test_service_is_told_of_every_failed_attempt(bench: Bench, step: str, error: Exception) -> None:
    """Its own log gets a row in the transaction that decides on the retry; the last one is said to be final."""
    carrier = Carrier(**{step: [error]})
    bench.run(ship(tries=2), delivery_of(TOY), dependencies=carrier)

    bench.run(ship(tries=2), bench.next_delivery(), dependencies=carrier)

    assert carrier.told == [(str(error), False), (str(error), True)]
    assert bench.outbox_kinds() == [ToyFailed.kind]


def test_fault_in_the_service_s_log_does_not_take_the_outcome_along(bench: Bench) -> None:
    """The retry is decided all the same."""

    class Clumsy(Carrier):
        def failed(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("the log is full")

    bench.run(ship(), delivery_of(TOY), dependencies=Clumsy(call=TransientError("busy")))

    assert bench.scheduled() == [(2, "retry", 7)]


def test_call_that_kills_its_process_every_time_is_poison(bench: Bench) -> None:
    """Each death leaves a lease to wait for, so its starts lie far apart: they are counted all the same."""
    message_id, calls = die_in_call(bench), 1
    bench.run(ship(), delivery_of(TOY, message_id=message_id, redelivered=True), dependencies=Carrier())
    while bench.scheduled() and calls < 10:
        let_lease_expire(bench)
        with pytest.raises(Died):
            bench.run(ship(), bench.next_delivery(), dependencies=Carrier(call=Died()))
        calls += 1
        bench.run(ship(), delivery_of(TOY, message_id=message_id, redelivered=True), dependencies=Carrier())

    assert calls == 6
    assert bench.database.value("SELECT reason FROM messaging.failed_job") == "poison"
