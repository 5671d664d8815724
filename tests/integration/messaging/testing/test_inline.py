"""Jobs run inline go through what the real relay, broker and worker would have done with them."""

from datetime import timedelta
from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.clock import now
from shared.contracts.message import Command
from shared.errors import OutcomeUnknown, TransientError
from shared.messaging.actor import ActorDeclaration, ProviderSteps, actor, provider_actor
from shared.messaging.batch import Batch, publish_batch, show_batch
from shared.messaging.chain import Chain, Step, publish_chain, show_chain
from shared.messaging.outbox import publish
from shared.messaging.retries import Delays
from shared.messaging.testing import (
    FakeTexter,
    Inline,
    NeverQuietError,
    Ran,
    assert_batched,
    assert_chained,
    assert_nothing_published,
    assert_published,
)
from tests.support.databases import Database
from tests.toyshop.contracts import MakeToy, PackToy, ShipToy, ToyFailed, ToyMade

QUEUE = "toyshop.default"


class Again(Command):
    """Publishes itself for ever."""

    kind: ClassVar[str] = "toyshop.toy.again"


def packing(**policy: object) -> ActorDeclaration:
    """An actor that notes which toys it packed."""

    def pack(message: PackToy, _: Session, notes: list[int]) -> None:
        notes.append(message.number)

    return actor(PackToy, queue=QUEUE, **policy)(pack)  # type: ignore[arg-type] # the policy of the test at hand


def outcomes(ran: list[Ran]) -> list[tuple[str, str]]:
    return [(one.kind.rpartition(".")[2], one.outcome) for one in ran]


def test_command_and_all_that_it_leads_to_is_run(database: Database) -> None:
    """A job that publishes a command and an event: both are run, the event by each service that hears it."""
    heard: list[str] = []

    def make(message: MakeToy, session: Session, _: object) -> None:
        publish(session, PackToy(number=message.number))
        publish(session, ToyMade(number=message.number))

    declarations = [
        actor(MakeToy, queue=QUEUE)(make),
        packing(),
        actor(ToyMade, queue="toyshop.events")(lambda *_: heard.append("toyshop")),
        actor(ToyMade, queue="notifications.email")(lambda *_: heard.append("notifications")),
    ]
    packed: list[int] = []
    inline = Inline(database.engine, declarations, {"toyshop": packed})
    with inline.work() as session:
        publish(session, MakeToy(number=7))

    ran = inline.drain()

    assert [(one.service, one.kind, one.outcome) for one in ran] == [
        ("toyshop", "toyshop.toy.make", "done"),
        ("toyshop", "toyshop.toy.pack", "done"),
        ("toyshop", "toyshop.toy.made", "done"),
        ("notifications", "toyshop.toy.made", "done"),
    ]
    assert (packed, heard) == ([7], ["toyshop", "notifications"])


def test_what_none_of_the_actors_hears_stays(database: Database) -> None:
    """Another service's command can be asserted after the drain."""

    def make(_: MakeToy, session: Session, __: object) -> None:
        publish(session, PackToy(number=1))

    inline = Inline(database.engine, [actor(MakeToy, queue=QUEUE)(make)])
    with inline.work() as session:
        publish(session, MakeToy(number=1))

    inline.drain()

    with inline.work() as session:
        assert assert_published(session, PackToy, number=1).kind == "toyshop.toy.pack"


def test_actors_must_be_named(database: Database) -> None:
    """A drain that could not run anything would prove nothing."""
    with pytest.raises(ValueError, match="at least one actor"):
        Inline(database.engine, [])


def test_retry_waits_until_the_clock_is_moved(database: Database) -> None:
    """Two hours pass at once, and the error of the first attempt is told."""
    errors = [TransientError("the glue is not dry")]

    def make(*_: object) -> None:
        if errors:
            raise errors.pop()

    inline = Inline(database.engine, [actor(MakeToy, queue=QUEUE, backoff=Delays([7200]))(make)])
    with inline.work() as session:
        publish(session, MakeToy(number=1))

    first, too_early = inline.drain(), inline.drain()
    inline.travel(7200)
    second = inline.drain()

    assert (outcomes(first), first[0].error, too_early) == ([("make", "retry")], "the glue is not dry", [])
    assert (outcomes(second), second[0].turn) == ([("make", "done")], 2)


def test_drain_all_travels_to_each_due_time(database: Database) -> None:
    """All tries are spent, the failure is published; the clock has moved by the delays and no more."""

    def make(*_: object) -> None:
        raise ZeroDivisionError

    declarations = [
        actor(MakeToy, queue=QUEUE, tries=3, backoff=Delays([60, 600]), on_failure=ToyFailed)(make),
        actor(ToyFailed, queue=QUEUE)(lambda *_: None),
    ]
    inline = Inline(database.engine, declarations)
    with inline.work() as session:
        publish(session, MakeToy(number=1))

    ran = inline.drain_all()

    assert outcomes(ran) == [("make", "retry"), ("make", "retry"), ("make", "failed"), ("failed", "done")]
    assert timedelta(seconds=650) < inline.now() - now() < timedelta(seconds=665)


def test_chain_is_run_through(database: Database) -> None:
    """A result travels to the next step, and the kinds need no `migrate`."""
    packed: list[int] = []
    make = actor(MakeToy, queue=QUEUE)(lambda *_: {"made": 99})
    inline = Inline(database.engine, [make, packing()], {"toyshop": packed})
    with inline.work() as session:
        chain_id = publish_chain(
            session, Chain("toys", [MakeToy(number=1), Step(PackToy(number=0), take={"number": "made"})])
        )
        chained = assert_chained(session, MakeToy, PackToy, name="toys")

    inline.drain()

    with inline.work() as session:
        assert (chained.id, show_chain(session, chain_id).state, packed) == (chain_id, "done", [99])


def test_batch_is_run_through(database: Database) -> None:
    """All members, then the callback."""
    packed: list[int] = []
    inline = Inline(database.engine, [packing(), actor(MakeToy, queue=QUEUE)(lambda *_: None)], {"toyshop": packed})
    with inline.work() as session:
        members = [PackToy(number=number) for number in range(5)]
        batch_id = publish_batch(session, Batch("toys", members, then=MakeToy(number=1)))
        assert assert_batched(session, "toys", 5).pending == 5

    ran = inline.drain()

    with inline.work() as session:
        assert show_batch(session, batch_id).progress == 100
    assert (sorted(packed), outcomes(ran[-1:])) == ([0, 1, 2, 3, 4], [("make", "done")])


def test_everything_can_be_delivered_twice(database: Database) -> None:
    """The second delivery is quiet; the effects and the counts are there once."""
    packed: list[int] = []
    inline = Inline(
        database.engine, [packing(), actor(MakeToy, queue=QUEUE)(lambda *_: None)], {"toyshop": packed}, twice=True
    )
    with inline.work() as session:
        publish_batch(session, Batch("toys", [PackToy(number=1), PackToy(number=2)], then=MakeToy(number=1)))

    ran = inline.drain()

    assert [one.outcome for one in ran] == ["done", "quiet"] * 3
    assert sorted(packed) == [1, 2]


def test_provider_is_asked_before_a_call_is_repeated(database: Database) -> None:
    """The three steps are the real ones: an unknown outcome is resolved, not repeated."""

    class Texting(ProviderSteps[ShipToy, str, str]):
        def __init__(self, texter: FakeTexter) -> None:
            self.texter = texter

        def prepare(self, session: Session, message: ShipToy) -> str:
            return f"toy {message.number} is on its way"

        def call(self, intent: str) -> str:
            return self.texter.send("+491701234567", intent)

        def resolve(self, intent: str) -> str | None:
            return self.texter.find("+491701234567", intent, now())

        def record(self, session: Session, intent: str, result: str) -> None:
            publish(session, PackToy(number=int(result.startswith("SM"))))

    texter = FakeTexter(kept_errors=[OutcomeUnknown("the answer was lost")])
    declaration = provider_actor(ShipToy, queue=QUEUE, call_deadline=5)(Texting)
    inline = Inline(database.engine, [declaration], {"toyshop": texter})
    with inline.work() as session:
        publish(session, ShipToy(number=1))

    ran = inline.drain_all()

    assert ([one.outcome for one in ran], len(texter.sent)) == (["retry", "done"], 1)
    with inline.work() as session:
        assert assert_published(session, PackToy, number=1)


def test_time_limit_is_kept(database: Database) -> None:
    """A job over its limit is interrupted and rolled back."""

    def make(_: MakeToy, session: Session, __: object) -> None:
        publish(session, PackToy(number=1))
        while True:
            session.execute(text("SELECT 1"))

    inline = Inline(database.engine, [actor(MakeToy, queue=QUEUE, tries=1, time_limit=0.2)(make)])
    with inline.work() as session:
        publish(session, MakeToy(number=1))

    ran = inline.drain()

    assert (outcomes(ran), "TimeLimitExceeded" in str(ran[0].error)) == ([("make", "failed")], True)
    with inline.work() as session:
        assert_nothing_published(session)


def test_jobs_that_never_end_are_told(database: Database) -> None:
    """A test that would hang fails, and names them."""

    def again(_: Again, session: Session, __: object) -> None:
        publish(session, Again())

    inline = Inline(database.engine, [actor(Again, queue=QUEUE)(again)], at_most=20)
    with inline.work() as session:
        publish(session, Again())

    with pytest.raises(NeverQuietError, match=r"toyshop\.toy\.again"):
        inline.drain_all()
