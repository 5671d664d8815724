"""Several policies at one actor: their order, what is given back, and that nothing gets past one that cannot decide."""

from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest

from shared.database.engine import open_engine
from shared.errors import PermanentError, TransientError
from shared.messaging.gate import Gate
from shared.messaging.middleware import (
    Admission,
    CircuitBreaker,
    JobMiddleware,
    PutBack,
    RateLimited,
    SkipIf,
    WithoutOverlapping,
)
from shared.messaging.poison import record_start
from shared.messaging.retries import Linear
from shared.messaging.runner import Ending
from tests.integration.messaging.bench import Bench, delivery_of, toy_actor
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy

TOY = MakeToy(number=1)


@pytest.fixture
def bench(database: Database) -> Bench:
    """Runs single deliveries without a broker."""
    return Bench(database)


@dataclass
class Diary(JobMiddleware):
    """One's own middleware: tells what it was told."""

    name: str
    told: list[str] = field(default_factory=list)
    answer: Any = None

    def admit(self, admission: Admission) -> Any:
        self.told.append(f"admit {self.name}")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def withdraw(self, admission: Admission) -> None:
        self.told.append(f"withdraw {self.name}")

    def leave(self, admission: Admission, outcome: str, error: object) -> None:
        self.told.append(f"leave {self.name} {outcome}")


def test_policies_are_asked_in_order_and_told_of_the_end(bench: Bench) -> None:
    """The handler runs when all have let it through."""
    told: list[str] = []
    bench.run(toy_actor(middleware=[Diary("a", told), Diary("b", told)]), delivery_of(TOY))
    assert (told, bench.effects()) == (["admit a", "admit b", "leave a done", "leave b done"], [(1, "made")])


def test_refusal_withdraws_the_earlier_ones_the_last_first(bench: Bench) -> None:
    """Those after it are not asked; the handler does not run, and no attempt is spent."""
    told: list[str] = []
    policies = [Diary("a", told), Diary("b", told), Diary("c", told, PutBack(9, "later")), Diary("d", told)]
    delivery = delivery_of(TOY)
    bench.run(toy_actor(middleware=policies), delivery)
    assert told == ["admit a", "admit b", "admit c", "withdraw b", "withdraw a"]
    assert (bench.standing(delivery.message_id), bench.effects()) == (("waiting", 2, 0), [])


def test_refused_job_holds_no_place_and_spends_no_slot(bench: Bench) -> None:
    """The place is free for the next, and the slot that it did not use is there for one of the two.

    Which of them depends on the clock: in the first quarter of the window it is kept for the one that was put back,
    later it is for whoever is there.
    """
    policies = [WithoutOverlapping("toy"), RateLimited("toy", 1, per=3600), Diary("no", answer=PutBack(9, "later"))]
    bench.run(toy_actor(middleware=policies), delivery_of(TOY))
    places = bench.database.query("SELECT 1 FROM messaging.place")
    back = bench.next_delivery()
    bench.run(toy_actor(middleware=policies[:2]), delivery_of(MakeToy(number=2)))
    bench.run(toy_actor(middleware=policies[:2]), back)
    assert (places, [what for _, what in bench.effects()]) == ([], ["made"])


def test_policy_that_raises_lets_nothing_through(bench: Bench) -> None:
    """A failed attempt, of which nobody's `leave` hears: the handler has not run, so no breaker may count it."""
    told: list[str] = []
    policies = [CircuitBreaker("carrier", threshold=1), Diary("a", told, TransientError("no answer")), Diary("b", told)]
    bench.run(toy_actor(middleware=policies), delivery_of(TOY))
    assert (bench.effects(), told) == ([], ["admit a"])
    assert [attempt[2] for attempt in bench.attempts()] == ["retry"]
    assert bench.database.query("SELECT 1 FROM messaging.breaker") == []


def test_limiter_that_cannot_ask_its_database_lets_nothing_through(bench: Bench) -> None:
    """Where its table is not, the attempt fails; where the whole server is away, the message is parked, unspent."""
    bench.database.query("ALTER TABLE messaging.rate_limit RENAME TO gone")
    bench.run(toy_actor(middleware=[RateLimited("toy")]), delivery_of(TOY))
    gate = Gate(_refuse_to_connect)
    gate.stop()
    nowhere = open_engine("postgresql://127.0.0.1:1/nobody", "toyshop")
    away = replace(bench.runner(), gate=gate, engine=nowhere)
    ending = away.run(toy_actor(middleware=[RateLimited("toy")]), delivery_of(TOY))
    assert (bench.effects(), ending) == ([], Ending.PARK)


def _refuse_to_connect() -> None:
    raise psycopg.OperationalError("connection refused")


def test_skipped_job_ends_unrun(bench: Bench) -> None:
    """It is done as far as anybody else is concerned."""
    delivery = delivery_of(TOY)
    bench.run(toy_actor(middleware=[SkipIf(lambda toy: toy.number == 1)]), delivery)
    assert (bench.standing(delivery.message_id), bench.effects()) == (("done", 1, 0), [])


def test_ticket_of_a_redelivered_message_is_worth_nothing(bench: Bench) -> None:
    """It may have run on it before its process died."""
    declaration = toy_actor(middleware=[RateLimited("toy", 1, per=3600)])
    bench.run(declaration, delivery_of(TOY))
    bench.run(declaration, delivery_of(MakeToy(number=2)))
    again = bench.next_delivery(redelivered=True)
    bench.run(declaration, again)
    assert (bench.effects(), bench.standing(again.message_id)) == ([(1, "made")], ("waiting", 3, 0))


def test_put_back_of_a_redelivered_message_is_no_unfinished_start(bench: Bench) -> None:
    """Its handler never started: five such would make it poison."""
    delivery = delivery_of(TOY, redelivered=True)
    bench.run(toy_actor(middleware=[Diary("no", answer=PutBack(9, "later"))]), delivery)
    assert (bench.starts(), len(bench.scheduled())) == ([], 1)


def test_crash_is_told_apart_from_attempts(bench: Bench) -> None:
    """One start that nobody ended: a row of its own, and no attempt spent."""
    delivery = delivery_of(TOY, redelivered=True)
    with bench.database.engine("toyshop").begin() as connection:
        record_start(connection.connection.driver_connection, "toyshop", delivery.message_id)  # type: ignore[arg-type] # psycopg's
    bench.run(toy_actor(), delivery)
    assert [attempt[2] for attempt in bench.attempts()] == ["crashed"]
    assert bench.standing(delivery.message_id) == ("done", 1, 1)


def test_breaker_takes_no_notice_of_errors_that_the_actor_calls_permanent(bench: Bench) -> None:
    """They are the message's fault."""

    def fail(*_: object) -> None:
        raise KeyError("no such toy")

    declaration = toy_actor(fail, permanent=[KeyError], middleware=[CircuitBreaker("carrier", threshold=1)])
    bench.run(declaration, delivery_of(TOY))
    bench.run(
        toy_actor(lambda *_: _raise(PermanentError("no")), middleware=[CircuitBreaker("carrier", 1)]), delivery_of(TOY)
    )
    assert bench.database.query("SELECT 1 FROM messaging.breaker") == []


def _raise(error: Exception) -> None:
    raise error


def test_time_that_a_limiter_took_is_not_counted_against_retry_until(bench: Bench) -> None:
    """`retry_until` begins with the first try, and the delay grows with the attempt."""
    wait = Diary("no", answer=PutBack(9, "later"))
    options: dict[str, Any] = {"tries": None, "retry_until": 600, "backoff": Linear(60), "middleware": [wait]}
    declaration = toy_actor(lambda *_: _raise(TransientError("not yet")), **options)
    bench.run(declaration, delivery_of(TOY))
    bench.database.query("UPDATE messaging.inbox SET started_at = started_at - interval '1 hour'")
    wait.answer = None
    bench.run(declaration, bench.next_delivery())
    first = bench.scheduled()
    bench.run(declaration, bench.next_delivery())
    assert (first, bench.scheduled()) == ([(3, "retry", 60)], [(4, "retry", 120)])


def test_delay_that_no_calendar_holds_is_cut(bench: Bench) -> None:
    """A provider may ask for anything; the message comes back within a month."""
    bench.run(toy_actor(lambda *_: _raise(TransientError("never", retry_after=1e18))), delivery_of(TOY))
    assert bench.scheduled() == [(2, "retry", 30 * 86_400)]


def test_message_that_a_breaker_puts_back_again_and_again_is_written_down_once(bench: Bench) -> None:
    """While a provider is down for hours thousands of messages knock every few seconds."""
    bench.database.query(
        "INSERT INTO messaging.breaker (name, failures, since, open_until)"
        " VALUES ('carrier', 3, clock_timestamp(), clock_timestamp() + interval '1 hour')"
    )
    declaration, following = toy_actor(middleware=[CircuitBreaker("carrier")]), delivery_of(TOY)
    for _ in range(5):
        bench.run(declaration, following)
        following = bench.next_delivery()

    assert (bench.attempts(), following.turn) == ([(1, 1, "snoozed", "put_back")], 6)
