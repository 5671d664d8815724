"""Many threads at once: the last members, failures, cancels and additions, and no deadlock among them."""

import threading
from collections import Counter
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from shared.messaging.batch import InvalidBatchError, add_to_batch, cancel_batch, current_batch
from shared.messaging.chain import Chain
from shared.messaging.failed_jobs import retry_failed
from tests.integration.messaging.compositions.yard import Crew, Piece, Yard, batch_of, pieces, refuse

THREADS = 16
ROUNDS = 10


def test_last_members_that_end_at_the_same_moment_end_the_batch_once(yard: Yard) -> None:
    """Sixteen members meet at a barrier in their handlers, and all end at once; many times."""
    barrier = threading.Barrier(THREADS)
    yard.do["meets"] = lambda *_: barrier.wait(30) and None
    crew = Crew(yard, THREADS)
    for number in range(ROUNDS):
        yard.batch(*pieces(*range(THREADS), how="meets"), name=f"{number}")
        crew.run()
    expected = {(which, f"{number}"): 1 for which in ("then", "finally") for number in range(ROUNDS)}
    assert (yard.called, crew.attempts(), yard.waiting()) == (expected, set(), 0)


def test_last_members_that_fail_at_the_same_moment_are_caught_once(yard: Yard) -> None:
    """`catch` once, `finally` once, inner batches as well."""
    barrier = threading.Barrier(THREADS)

    def fail(*_: object) -> None:
        barrier.wait(30)
        refuse()

    yard.do["meets"] = fail
    crew = Crew(yard, THREADS)
    for number in range(ROUNDS):
        inner = [
            batch_of(*pieces(*range(4), how="meets"), name=f"{number} inner", allow_failures=True) for _ in range(2)
        ]
        yard.batch(*inner, *pieces(*range(8), how="meets"), name=f"{number}", allow_failures=True)
        crew.run()
    expected = Counter(
        {(which, f"{number}{name}"): times for which in ("catch", "finally") for number in range(ROUNDS)
         for name, times in (("", 1), (" inner", 2))}
    )  # fmt: skip
    assert (yard.called, crew.attempts()) == (expected, {("failed", "permanent_error")})
    assert yard.waiting() == 0


def test_nested_batches_and_chains_end_once_under_many_threads(yard: Yard) -> None:
    """Three levels, their last members at once."""
    crew = Crew(yard, THREADS)
    inner = [
        batch_of(batch_of(*pieces(1), name="deep"), Chain("chain", pieces(2, 3)), *pieces(4), name="inner")
        for _ in range(60)
    ]
    batch_id = yard.batch(*inner)
    crew.run()
    names = {"deep": 60, "inner": 60, "batch": 1}
    assert yard.called == {(which, name): count for which in ("then", "finally") for name, count in names.items()}
    assert (yard.counts(batch_id), crew.attempts(), yard.waiting()) == (("done", 0, 60, 0, 0), set(), 0)


def test_adding_while_the_last_member_ends_is_counted_or_refused(yard: Yard) -> None:
    """From outside: what was accepted is run and counted before the end, what came too late is an error."""
    crew, accepted = Crew(yard, 8), Counter[UUID]()

    def add_until_it_ends(batch_id: UUID) -> None:
        while True:
            try:
                yard.act(add_to_batch, batch_id, pieces(1))
            except InvalidBatchError:
                return
            accepted[batch_id] += 1
            if accepted[batch_id] >= 500:
                return

    batches = [yard.batch(*pieces(1), name=f"{number}") for number in range(4)]
    crew.run([lambda one=one: add_until_it_ends(one) for one in batches])  # type: ignore[misc] # bound now
    counts = [yard.counts(one) for one in batches]
    assert counts == [("done", 0, 1 + accepted[one], 0, 0) for one in batches]
    expected = {(which, f"{number}"): 1 for which in ("then", "finally") for number in range(4)}
    assert (yard.called, crew.attempts()) == (expected, set())
    for one in batches:
        with pytest.raises(InvalidBatchError):
            yard.act(add_to_batch, one, pieces(1))


def test_cancel_failures_additions_and_retries_at_once_leave_true_counts(yard: Yard) -> None:
    """Everything together, until all has ended: what was made is what was counted as done."""

    def add(message: Piece, session: Session) -> None:
        batch = current_batch()
        assert batch is not None
        add_to_batch(session, batch, [*pieces(message.number + 1000), Chain("added", pieces(message.number + 2000))])

    yard.do["adds"] = add
    crew = Crew(yard, THREADS)
    members = [*pieces(*range(200)), *pieces(*range(200, 260), how="adds"), *pieces(*range(300, 310), how="breaks")]
    batch_id = yard.batch(*members, allow_failures=True)
    stopped = yard.batch(*pieces(*range(5000, 5200)), name="stopped")
    crew.run([lambda: retry_all(yard, 30), lambda: yard.act(cancel_batch, stopped)])
    state, counts = yard.batch_state(batch_id), yard.counts(batch_id)
    made = sum(1 for number in yard.made if number < 5000)
    assert (state.total, counts) == (270 + 120, ("failed", 0, 380, 10, 0))
    assert (made, yard.batch_state(stopped).pending, yard.batch_state(stopped).total) == (380, 0, 200)
    assert yard.batch_state(stopped).done == len(yard.made) - made
    assert yard.called == {("catch", "batch"): 1, ("finally", "batch"): 1, ("finally", "stopped"): 1}
    assert (crew.attempts(), yard.waiting()) == ({("failed", "permanent_error")}, 0)


def retry_all(yard: Yard, times: int) -> None:
    """Retry what failed, again and again, while the batch runs: it fails each time."""
    for _ in range(times):
        for job in yard.failed_jobs()[:2]:
            yard.act(retry_failed, job)


@pytest.mark.parametrize("order", ["add first", "cancel first"])
def test_adder_that_has_not_committed_holds_the_end_back(yard: Yard, order: str) -> None:
    """The last member waits for the adder's transaction, and sees what it added. A cancel waits as well."""
    crew = Crew(yard, 2)
    batch_id = yard.batch(*pieces(1))
    with yard.inline.work() as session:
        add_to_batch(session, batch_id, pieces(2))
        worker = threading.Thread(
            target=lambda: crew.run([lambda: order == "cancel first" and yard.act(cancel_batch, batch_id)])
        )
        worker.start()
        worker.join(0.5)
        still_open = yard.batch_state(batch_id).finished_at is None
    worker.join(30)
    assert (still_open, yard.batch_state(batch_id).total, yard.batch_state(batch_id).pending) == (True, 2, 0)
    assert (yard.called["finally", "batch"], crew.attempts(), yard.waiting()) == (1, set(), 0)
