"""Members that failed and are tried again by hand: counts are true at each moment, callbacks do not come twice."""

from shared.messaging.chain import Chain
from shared.messaging.failed_jobs import discard_failed, retry_failed
from shared.messaging.resuming import resume_chain
from tests.integration.messaging.compositions.yard import Piece, Yard, batch_of, pieces

THEN, CATCH, FINALLY = ("then", "batch"), ("catch", "batch"), ("finally", "batch")


def test_failed_member_retried_after_the_end_is_counted_anew_without_callbacks(yard: Yard) -> None:
    """Counts stay true at each moment; the batch around it is told as well."""
    inner = batch_of(Piece(number=1, how="breaks"), name="inner")
    batch_id = yard.batch(inner, Chain("chain", [Piece(number=2, how="breaks"), Piece(number=3)]), allow_failures=True)
    called = dict(yard.drain())
    inner_id = yard.database.value("SELECT id FROM messaging.batch WHERE name = 'inner'")
    ended = (yard.counts(batch_id), yard.counts(inner_id))
    for job in yard.failed_jobs():
        yard.act(retry_failed, job)
    retried = (yard.counts(batch_id), yard.counts(inner_id))
    yard.drain()
    again = (yard.counts(batch_id), yard.counts(inner_id))
    yard.do["breaks"] = lambda *_: None
    for job in yard.failed_jobs():
        yard.act(retry_failed, job)
    assert yard.drain() == called == {(which, name): 1 for which in ("catch", "finally") for name in ("inner", "batch")}
    assert ended == again == (("failed", 0, 0, 2, 0), ("failed", 0, 0, 1, 0))
    assert retried == (("failed", 1, 0, 1, 0), ("failed", 1, 0, 0, 0))
    assert (yard.counts(batch_id), yard.counts(inner_id)) == (("done", 0, 2, 0, 0), ("done", 0, 1, 0, 0))
    assert yard.waiting() == 0


def test_failed_member_retried_before_the_end_holds_the_batch_open(yard: Yard) -> None:
    """Then it is done, and all of them are: `then` comes."""
    batch_id = yard.batch(*pieces(1, how="breaks"), *pieces(2), allow_failures=True)
    yard.database.query("UPDATE messaging.outbox SET kind = 'held' WHERE id = (SELECT max(id) FROM messaging.outbox)")
    yard.drain()
    yard.do["breaks"] = lambda *_: None
    yard.act(retry_failed, yard.failed_jobs()[0])
    yard.drain()
    yard.database.query("UPDATE messaging.outbox SET kind = %s WHERE kind = 'held'", Piece.kind)
    assert (yard.drain(), yard.counts(batch_id)) == ({CATCH: 1, THEN: 1, FINALLY: 1}, ("done", 0, 2, 0, 0))


def test_member_retried_by_hand_runs_though_its_batch_was_cancelled(yard: Yard) -> None:
    """Its own failure cancelled the batch, which has not ended yet: the person who retries it means it."""
    batch_id = yard.batch(*pieces(1, how="breaks"), *pieces(2))
    yard.inline.drain()
    yard.do["breaks"] = lambda *_: None
    yard.act(retry_failed, yard.failed_jobs()[0])
    yard.drain()
    assert (dict(yard.made), yard.counts(batch_id)) == ({1: 1}, ("cancelled", 0, 1, 0, 1))


def test_discarded_member_stays_counted_as_failed(yard: Yard) -> None:
    """Its batch had been told."""
    batch_id = yard.batch(*pieces(1, how="breaks"))
    yard.drain()
    yard.act(discard_failed, yard.failed_jobs()[0])
    assert yard.counts(batch_id) == ("failed", 0, 0, 1, 0)


def test_chain_resumed_in_a_batch_that_has_ended_is_counted(yard: Yard) -> None:
    """By the chain, after its failed job was discarded."""
    batch_id = yard.batch(Chain("chain", [Piece(number=1, how="breaks")]))
    yard.drain()
    yard.act(discard_failed, yard.failed_jobs()[0])
    yard.do["breaks"] = lambda *_: None
    yard.act(resume_chain, yard.database.value("SELECT id FROM messaging.chain"))
    yard.drain()
    assert yard.counts(batch_id) == ("done", 0, 1, 0, 0)
