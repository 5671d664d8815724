"""Batches: members counted truly, callbacks once."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from shared.messaging.batch import (
    Batch,
    BatchState,
    InvalidBatchError,
    add_to_batch,
    cancel_batch,
    current_batch,
    list_batches,
    publish_batch,
    show_batch,
)
from shared.messaging.chain import Chain, InvalidChainError, Step, cancel_chain
from shared.messaging.envelope import MessageTooLargeError
from shared.messaging.middleware import SkipIf
from tests.integration.messaging.compositions.yard import (
    AllDone,
    ChainBroke,
    Piece,
    Unheard,
    Yard,
    batch_of,
    pieces,
)
from tests.support.databases import Database
from tests.toyshop.contracts import ToyMade

THEN, CATCH, FINALLY = ("then", "batch"), ("catch", "batch"), ("finally", "batch")


def test_done_batch_calls_then_and_finally_once(twice: Yard) -> None:
    """Every message is delivered twice; members and callbacks count once."""
    batch_id = twice.batch(*pieces(*range(100)))
    assert (twice.batch_state(batch_id).progress, twice.batch_state(batch_id).total) == (0, 100)
    called = twice.drain()
    state = twice.batch_state(batch_id)
    assert (called, twice.made) == ({THEN: 1, FINALLY: 1}, dict.fromkeys(range(100), 1))
    assert (twice.counts(batch_id), state.total, state.progress) == (("done", 0, 100, 0, 0), 100, 100)
    assert (state.finished_at is not None, twice.waiting()) == (True, 0)


def test_progress_grows_with_the_members_that_have_ended(yard: Yard) -> None:
    """From 0 to 100, and never over; the last member still sees itself as pending."""
    seen: list[int] = []

    def look(_: object, session: Session) -> None:
        seen.append(show_batch(session, batch_id).progress)

    yard.do["looks"] = look
    batch_id = yard.batch(*pieces(1, 2, 3, how="looks"))
    yard.drain()
    assert (seen, yard.batch_state(batch_id).progress) == ([0, 33, 66], 100)


def test_first_failure_cancels_the_members_that_have_not_started(twice: Yard) -> None:
    """`catch` once, no `then`, `finally` when all have ended."""
    batch_id = twice.batch(Piece(number=1, how="breaks"), Piece(number=2, how="breaks"), *pieces(3, 4))
    called = twice.drain()
    assert (called, dict(twice.made)) == ({CATCH: 1, FINALLY: 1}, {})
    assert (twice.counts(batch_id), twice.waiting()) == (("failed", 0, 0, 1, 3), 0)


def test_allowed_failures_let_the_others_run(twice: Yard) -> None:
    """`catch` once for all of them; `then` only where every member is done."""
    batch_id = twice.batch(*pieces(1, 2, how="breaks"), *pieces(3, 4), allow_failures=True)
    called = twice.drain()
    assert (called, dict(twice.made)) == ({CATCH: 1, FINALLY: 1}, {3: 1, 4: 1})
    assert twice.counts(batch_id) == ("failed", 0, 2, 2, 0)


def test_cancelled_batch_ends_its_waiting_members_unrun(yard: Yard) -> None:
    """`finally` comes, `then` and `catch` do not."""
    batch_id = yard.batch(*pieces(1, 2, 3))
    yard.act(cancel_batch, batch_id)
    called = yard.drain()
    assert (called, dict(yard.made), yard.counts(batch_id)) == ({FINALLY: 1}, {}, ("cancelled", 0, 0, 0, 3))


def test_batch_cancelled_while_its_last_member_runs_has_no_then(yard: Yard) -> None:
    """The member is not interrupted; it is done. Whoever cancels does not want what follows."""
    yard.do["cancels"] = lambda _, session: cancel_batch(session, current_batch())  # type: ignore[arg-type] # it has one
    batch_id = yard.batch(Piece(number=1, how="cancels"))
    called = yard.drain()
    assert (called, dict(yard.made), yard.counts(batch_id)) == ({FINALLY: 1}, {1: 1}, ("cancelled", 0, 1, 0, 0))


def test_members_are_added_from_outside_while_it_runs(yard: Yard) -> None:
    """They count like the others."""
    batch_id = yard.batch(*pieces(1, 2))
    yard.act(add_to_batch, batch_id, pieces(3, 4))
    called = yard.drain()
    assert (called, yard.counts(batch_id), len(yard.made)) == ({THEN: 1, FINALLY: 1}, ("done", 0, 4, 0, 0), 4)


def test_last_member_adds_more_from_within(twice: Yard) -> None:
    """A batch does not end while a member that may add to it runs."""

    def add(message: Piece, session: Session) -> None:
        if message.number < 50:
            add_to_batch(session, current_batch(), [message.model_copy(update={"number": message.number + 1})])  # type: ignore[arg-type] # a member has a batch

    twice.do["adds"] = add
    batch_id = twice.batch(Piece(number=1, how="adds"))
    called = twice.drain()
    assert (called, twice.counts(batch_id), len(twice.made)) == ({THEN: 1, FINALLY: 1}, ("done", 0, 50, 0, 0), 50)


def test_step_of_a_chain_and_member_of_an_inner_batch_add_from_within(yard: Yard) -> None:
    """To the batch that their chain is a member of, and to the one around their own."""
    outer: list[UUID] = []
    yard.do["adds"] = lambda message, session: add_to_batch(session, outer[0], pieces(message.number + 100))
    inner = Batch("inner", [Piece(number=1, how="adds")])
    outer.append(yard.batch(inner, Chain("chain", [Piece(number=2), Piece(number=3, how="adds")])))
    called = yard.drain()
    assert (called, set(yard.made)) == ({THEN: 1, FINALLY: 1}, {1, 2, 3, 101, 103})
    assert yard.counts(outer[0]) == ("done", 0, 4, 0, 0)


def test_what_a_member_adds_after_a_cancel_ends_unrun(yard: Yard) -> None:
    """The member cannot have known; it does not fail for it. From outside it is an error."""

    def cancel_and_add(_: object, session: Session) -> None:
        batch = current_batch()
        assert batch is not None
        cancel_batch(session, batch)
        add_to_batch(session, batch, pieces(9))

    yard.do["cancels"] = cancel_and_add
    batch_id = yard.batch(Piece(number=1, how="cancels"), Piece(number=2))
    other = yard.batch(*pieces(3), name="other")
    yard.act(cancel_batch, other)
    with pytest.raises(InvalidBatchError, match="is cancelled"):
        yard.act(add_to_batch, other, pieces(4))
    yard.drain()
    assert (dict(yard.made), yard.counts(batch_id)) == ({1: 1}, ("cancelled", 0, 1, 0, 2))


def test_batch_that_has_ended_takes_no_more_and_cannot_be_cancelled(yard: Yard) -> None:
    """Nor one that is not there."""
    batch_id = yard.batch(*pieces(1))
    yard.drain()
    acts: list[Callable[[UUID], object]] = [
        lambda one: yard.act(add_to_batch, one, pieces(2)),
        lambda one: yard.act(cancel_batch, one),
    ]
    for act in acts:
        with pytest.raises(InvalidBatchError, match=r"is done|has ended"):
            act(batch_id)
        with pytest.raises(InvalidBatchError, match="there is no batch"):
            act(UUID(int=1))
    assert yard.counts(batch_id) == ("done", 0, 1, 0, 0)


def test_batches_in_batches_and_chains_in_batches_count_as_one_member(twice: Yard) -> None:
    """Callbacks of each batch come once, the inner ones first."""
    inner = batch_of(*pieces(1, 2), name="inner")
    innermost = batch_of(batch_of(*pieces(3), name="innermost"), name="middle")
    skipped = Chain("nothing", [Step(Piece(number=9), only_if="nothing")])
    batch_id = twice.batch(inner, innermost, Chain("chain", pieces(4, 5)), skipped, *pieces(6))
    called = twice.drain()
    names = ("inner", "innermost", "middle", "batch")
    assert called == {(which, name): 1 for which in ("then", "finally") for name in names}
    assert (twice.counts(batch_id), set(twice.made)) == (("done", 0, 5, 0, 0), {1, 2, 3, 4, 5, 6})
    assert twice.waiting() == 0


def test_failure_in_an_inner_batch_or_chain_fails_the_member_that_it_is(yard: Yard) -> None:
    """An inner batch that allows failures counts as done. Nothing hangs."""
    inner = batch_of(Piece(number=1, how="breaks"), Piece(number=2), name="inner")
    lenient = batch_of(Piece(number=3, how="breaks"), Piece(number=4), name="lenient", allow_failures=True)
    chain = Chain("chain", [Piece(number=5), Piece(number=6, how="breaks"), Piece(number=7)], catch=ChainBroke)
    batch_id = yard.batch(inner, lenient, chain, allow_failures=True)
    called = yard.drain()
    assert (yard.counts(batch_id), dict(yard.made), len(yard.broke)) == (("failed", 0, 1, 2, 0), {4: 1, 5: 1}, 1)
    assert called == {(which, name): 1 for which in ("catch", "finally") for name in ("inner", "lenient", "batch")}


def test_cancel_reaches_the_members_of_inner_batches_and_chains(yard: Yard) -> None:
    """All of it ends, all the way up."""
    inner = batch_of(*pieces(1, 2), Chain("deep", pieces(3)), name="inner")
    batch_id = yard.batch(inner, Chain("chain", pieces(4, 5)), *pieces(6))
    yard.act(cancel_batch, batch_id)
    called = yard.drain()
    assert (called, dict(yard.made)) == ({("finally", "inner"): 1, FINALLY: 1}, {})
    assert (yard.counts(batch_id), yard.waiting()) == (("cancelled", 0, 0, 0, 3), 0)
    assert yard.database.query("SELECT DISTINCT state FROM messaging.chain") == [("cancelled",)]


def test_cancelled_chain_is_counted_by_its_batch(yard: Yard) -> None:
    """The batch does not wait for it for ever."""
    batch_id = yard.batch(Chain("chain", pieces(1, 2)), *pieces(3))
    yard.act(cancel_chain, yard.database.value("SELECT id FROM messaging.chain"))
    called = yard.drain()
    assert (called, yard.counts(batch_id)) == ({FINALLY: 1}, ("cancelled", 0, 1, 0, 1))


def test_member_that_is_skipped_counts_as_done(database: Database) -> None:
    """SkipIf: there was nothing to do."""
    yard = Yard(database, middleware=[SkipIf(lambda message: message.number == 2)])
    batch_id = yard.batch(*pieces(1, 2))
    assert (yard.drain(), yard.counts(batch_id)) == ({THEN: 1, FINALLY: 1}, ("done", 0, 2, 0, 0))


def test_empty_batch_is_refused(yard: Yard) -> None:
    """Nothing could follow on nothing; adding nothing changes nothing."""
    with pytest.raises(InvalidBatchError, match="is empty"):
        yard.batch()
    batch_id = yard.batch(*pieces(1))
    yard.act(add_to_batch, batch_id, [])
    assert yard.counts(batch_id) == ("running", 1, 0, 0, 0)


def test_what_cannot_be_a_member_is_refused(yard: Yard) -> None:
    """An event, an unheard kind, a message that is too large, also inside a chain or as a callback."""
    with pytest.raises(InvalidBatchError, match="a member is a command"):
        yard.batch(ToyMade(number=1))
    with pytest.raises(InvalidChainError, match="no service hears"):
        yard.batch(*pieces(1), Unheard())
    with pytest.raises(InvalidChainError, match="no service hears"):
        yard.act(publish_batch, Batch("batch", pieces(1), then=Unheard()))
    with pytest.raises(MessageTooLargeError):
        yard.batch(*pieces(1), Chain("chain", [Piece(number=2), Piece(number=3, got="x" * 70_000)]))
    with pytest.raises(MessageTooLargeError):
        yard.act(publish_batch, Batch("batch", pieces(1), then=AllDone(name="x" * 70_000)))
    assert (yard.waiting(), yard.database.value("SELECT count(*) FROM messaging.batch")) == (0, 0)


def test_batches_are_listed_the_newest_first(yard: Yard) -> None:
    """All, or those that have not ended; with the organisation."""
    organisation = UUID(int=7)
    with yard.inline.work() as session:
        first = publish_batch(session, batch_of(*pieces(1), name="first"), organisation_id=organisation)
    yard.drain()
    second = yard.batch(*pieces(2))
    with yard.inline.work() as session:
        every, running = list_batches(session), list_batches(session, running=True)
    shown: list[BatchState] = [*every, *running]
    assert [one.id for one in shown] == [second, first, second]
    assert every[1].organisation_id == organisation
    assert yard.database.query("SELECT DISTINCT organisation_id FROM messaging.inbox") == [(organisation,)]
