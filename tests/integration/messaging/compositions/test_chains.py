"""Chains: steps of several services one after the other, each taken once."""

from typing import Any
from uuid import UUID

import pytest

from shared.messaging.chain import Chain, InvalidChainError, Step, cancel_chain, publish_chain
from shared.messaging.envelope import MessageTooLargeError
from shared.messaging.failed_jobs import discard_failed, retry_failed
from shared.messaging.middleware import RateLimited, SkipIf
from shared.messaging.resuming import resume_chain
from tests.integration.messaging.compositions.yard import AllDone, ChainBroke, PayPiece, Piece, Unheard, Yard, pieces
from tests.support.databases import Database


def test_steps_of_two_services_run_one_after_the_other(yard: Yard) -> None:
    """Each step is published when the one before is done, and not earlier."""
    chain_id = yard.chain(Piece(number=1), PayPiece(number=2), Piece(number=3))
    waiting = yard.database.query("SELECT kind FROM messaging.outbox")
    yard.drain()
    state = yard.chain_state(chain_id)
    assert waiting == [("toyshop.piece.make",)]
    assert [(ran.service, ran.fields["number"]) for ran in yard.inline.ran] == [
        ("toyshop", 1),
        ("payments", 2),
        ("toyshop", 3),
    ]
    assert (state.state, state.step, yard.waiting()) == ("done", 2, 0)


def test_redelivered_steps_are_taken_once(twice: Yard) -> None:
    """Every message comes twice; each step has its effect once."""
    chain_id = twice.chain(*pieces(1, 2, 3))
    twice.drain()
    assert (twice.made, twice.chain_state(chain_id).state) == ({1: 1, 2: 1, 3: 1}, "done")


def test_results_are_handed_on_to_the_steps_that_take_them(yard: Yard) -> None:
    """By name, from any earlier step; where there is no such result the message keeps its own value."""
    first = Piece(number=1, hands_on={"label": "L-1", "ship": True})
    late = Step(PayPiece(number=3, got="own"), take={"got": "label"})
    none = Step(PayPiece(number=4, got="own"), take={"got": "weight"})
    chain_id = yard.chain(first, Piece(number=2), late, none)
    yard.drain()
    assert (yard.got[3], yard.got[4]) == ("L-1", "own")
    assert yard.chain_state(chain_id).results == {"label": "L-1", "ship": True}


def test_step_under_a_condition_is_left_out_at_run_time(yard: Yard) -> None:
    """`only_if` names a result: missing and false leave the step out, also the last one."""
    first = Piece(number=1, hands_on={"ships": True, "gift": False})
    steps = [Step(Piece(number=number), only_if=name) for number, name in ((2, "ships"), (3, "gift"), (4, "nothing"))]
    chain_id = yard.chain(first, *steps)
    yard.drain()
    assert (yard.made, yard.chain_state(chain_id).state) == ({1: 1, 2: 1}, "done")


def test_step_that_is_not_wanted_is_left_out_at_once(yard: Yard) -> None:
    """`when` is decided by the publisher."""
    chain_id = yard.chain(Step(Piece(number=1), when=False), Piece(number=2))
    yard.drain()
    assert (yard.made, yard.chain_state(chain_id).steps) == ({2: 1}, ["toyshop.piece.make"])


def test_chain_whose_steps_are_all_left_out_is_done_at_once(yard: Yard) -> None:
    """Nothing is published."""
    chain_id = yard.chain(Step(Piece(number=1), only_if="nothing"))
    assert (yard.chain_state(chain_id).state, yard.waiting()) == ("done", 0)


def test_catch_says_once_which_step_failed_and_why(twice: Yard) -> None:
    """With the results so far; the steps after it do not run."""
    first = Piece(number=1, hands_on={"label": "L-1"})
    chain_id = twice.chain(first, Piece(number=2, how="breaks"), Piece(number=3), name="order 7")
    twice.drain()
    state = twice.chain_state(chain_id)
    told = ChainBroke(
        chain_id=chain_id, chain_name="order 7", step=1, step_kind=Piece.kind, reason="permanent",
        error="the piece broke", results={"label": "L-1"},
    )  # fmt: skip
    assert (twice.broke, dict(twice.made)) == ([told], {1: 1})
    assert (state.state, state.step, state.error) == ("failed", 1, "the piece broke")


def test_bug_fails_the_chain_when_its_tries_are_spent(yard: Yard) -> None:
    """Not before."""
    yard.chain(Piece(number=1, how="bug"), Piece(number=2))
    yard.drain()
    assert [(broke.step, broke.reason) for broke in yard.broke] == [(0, "tries_exhausted")]


def test_error_with_a_nul_character_fails_the_chain_all_the_same(yard: Yard) -> None:
    """PostgreSQL cannot hold it; the outcome must be written."""

    def fail(*_: object) -> None:
        raise ValueError("before\x00after")

    yard.do["nul"] = fail
    chain_id = yard.chain(Piece(number=1, how="nul"))
    yard.drain()
    assert "beforeafter" in (yard.chain_state(chain_id).error or "")


@pytest.mark.parametrize("by_job", [True, False])
def test_failed_chain_is_resumed_from_the_failed_step(yard: Yard, *, by_job: bool) -> None:
    """By retrying its failed job, or by the chain: what was done is not done again."""
    chain_id = yard.chain(*pieces(1), Piece(number=2, how="breaks"), Piece(number=3))
    yard.drain()
    yard.do["breaks"] = lambda *_: None
    if by_job:
        yard.act(retry_failed, yard.failed_jobs()[0])
    else:
        yard.act(resume_chain, chain_id)
    running = yard.chain_state(chain_id)
    yard.drain()
    assert (running.state, running.error) == ("running", None)
    assert (dict(yard.made), yard.chain_state(chain_id).state) == ({1: 1, 2: 1, 3: 1}, "done")
    assert (len(yard.broke), yard.failed_jobs(), yard.waiting()) == (1, [], 0)


def test_resumed_chain_that_fails_again_says_so_again(yard: Yard) -> None:
    """Each final failure is told once."""
    chain_id = yard.chain(Piece(number=1, how="breaks"))
    yard.drain()
    yard.act(resume_chain, chain_id)
    yard.drain()
    assert (len(yard.broke), yard.chain_state(chain_id).state) == (2, "failed")


def test_chain_whose_failed_job_was_discarded_stays_failed_and_can_be_resumed(yard: Yard) -> None:
    """Discarding closes the job. Resuming publishes the step anew, and only once."""
    chain_id = yard.chain(Piece(number=1, how="breaks"), Piece(number=2))
    yard.drain()
    yard.act(discard_failed, yard.failed_jobs()[0])
    discarded = yard.chain_state(chain_id).state
    yard.do["breaks"] = lambda *_: None
    yard.act(resume_chain, chain_id)
    with pytest.raises(InvalidChainError, match="is running"):
        yard.act(resume_chain, chain_id)
    yard.drain()
    assert (discarded, dict(yard.made), yard.chain_state(chain_id).state) == ("failed", {1: 1, 2: 1}, "done")


def test_cancelled_chain_lets_its_step_end_and_takes_no_further_one(yard: Yard) -> None:
    """The running step is cancelled from within: its own work is kept."""
    found: list[UUID] = []
    yard.do["cancels"] = lambda _, session: cancel_chain(session, found[0])
    found.append(yard.chain(Piece(number=1, how="cancels"), Piece(number=2)))
    yard.drain()
    assert (dict(yard.made), yard.chain_state(found[0]).state, yard.broke) == ({1: 1}, "cancelled", [])


def test_cancelled_chain_ends_a_step_that_waits_unrun(yard: Yard) -> None:
    """It had not started."""
    chain_id = yard.chain(*pieces(1, 2))
    yard.act(cancel_chain, chain_id)
    yard.drain()
    assert (dict(yard.made), yard.chain_state(chain_id).state, yard.waiting()) == ({}, "cancelled", 0)


def test_chain_that_has_ended_cannot_be_cancelled_or_resumed(yard: Yard) -> None:
    """Nor one that is not there."""
    chain_id = yard.chain(*pieces(1))
    yard.drain()
    for do in (cancel_chain, resume_chain):
        for one in (chain_id, UUID(int=1)):
            with pytest.raises(InvalidChainError):
                yard.act(do, one)
    assert yard.chain_state(chain_id).state == "done"


def test_step_put_back_by_a_limiter_is_taken_later_and_once(database: Database) -> None:
    """Two a second; the chain waits for its slot."""
    yard = Yard(database, middleware=[RateLimited("pieces", 1, per=1.0)])
    chain_id = yard.chain(*pieces(1, 2, 3))
    yard.drain()
    outcomes = [ran.outcome for ran in yard.inline.ran]
    assert "snoozed" in outcomes
    assert (dict(yard.made), yard.chain_state(chain_id).state) == ({1: 1, 2: 1, 3: 1}, "done")


def test_step_that_is_skipped_is_passed_over(database: Database) -> None:
    """SkipIf ends the step as done; nothing is handed on from it."""
    yard = Yard(database, middleware=[SkipIf(lambda message: message.number == 2)])
    chain_id = yard.chain(*pieces(1, 2, 3))
    yard.drain()
    assert (dict(yard.made), yard.chain_state(chain_id).state) == ({1: 1, 3: 1}, "done")


def test_step_that_does_not_fit_its_contract_fails_the_chain(yard: Yard) -> None:
    """What was taken has the wrong type: the catch names the field."""
    yard.chain(Piece(number=1, hands_on={"word": "seven"}), Step(Piece(number=2), take={"number": "word"}))
    yard.drain()
    assert [(broke.step, broke.reason) for broke in yard.broke] == [(1, "permanent")]
    assert "number" in yard.broke[0].error


def test_step_made_too_large_by_what_it_takes_fails_the_chain(yard: Yard) -> None:
    """The step before stays done; the catch, without the results, which do not fit into it either, says why."""
    large = "x" * 70_000
    yard.do["large"] = lambda *_: {"text": large}
    chain_id = yard.chain(Piece(number=1, how="large"), Step(Piece(number=2), take={"got": "text"}))
    yard.drain()
    state = yard.chain_state(chain_id)
    assert (dict(yard.made), state.state, state.step, yard.failed_jobs(), yard.waiting()) == (
        {1: 1},
        "failed",
        1,
        [],
        0,
    )
    assert [(one.step, one.reason, one.results) for one in yard.broke] == [(1, "message_too_large", {})]
    with pytest.raises(MessageTooLargeError, match="put the data into storage"):
        yard.act(resume_chain, chain_id)


@pytest.mark.parametrize("result", [{"thing": object()}, {1: "one"}, {"text": "a\x00b"}], ids=["object", "key", "NUL"])
def test_result_that_is_not_json_fails_the_step(yard: Yard, result: Any) -> None:
    """It is a bug of the handler: its work is undone, and the chain fails when its tries are spent."""
    yard.do["odd"] = lambda *_: result
    chain_id = yard.chain(Piece(number=1, how="odd"), Piece(number=2))
    yard.drain()
    state = yard.chain_state(chain_id)
    assert (state.state, state.step) == ("failed", 0)
    assert "what the step hands on" in (state.error or "")


@pytest.mark.parametrize("result", ["text", [1, 2], 7])
def test_result_without_names_is_not_handed_on(yard: Yard, result: Any) -> None:
    """Only a mapping's entries have names."""
    yard.do["odd"] = lambda *_: result
    chain_id = yard.chain(Piece(number=1, how="odd"), Piece(number=2))
    yard.drain()
    assert (yard.chain_state(chain_id).state, yard.chain_state(chain_id).results) == ("done", {})


def test_unheard_kind_is_refused_at_publish(yard: Yard) -> None:
    """As a step and as the catch; nothing is written."""

    class Silent(ChainBroke):
        kind = "toyshop.pieces.silent"

    with pytest.raises(InvalidChainError, match=r"no service hears toyshop.pieces.unheard"):
        yard.chain(Piece(number=1), Unheard())
    with pytest.raises(InvalidChainError, match=r"no service hears toyshop.pieces.silent"):
        yard.chain(Piece(number=1), catch=Silent)
    assert (yard.waiting(), yard.database.value("SELECT count(*) FROM messaging.chain")) == (0, 0)


def test_step_over_64_kb_is_refused_at_publish(yard: Yard) -> None:
    """Not when its turn comes."""
    with pytest.raises(MessageTooLargeError, match="put the data into storage"):
        yard.chain(Piece(number=1), Piece(number=2, got="x" * 70_000))
    assert yard.waiting() == 0


def test_nul_character_is_refused_at_publish(yard: Yard) -> None:
    """With a reason, not with PostgreSQL's."""
    with pytest.raises(InvalidChainError, match="NUL"):
        yard.chain(Piece(number=1), Piece(number=2, got="a\x00b"))
    assert yard.waiting() == 0


def test_chain_of_a_rolled_back_transaction_is_not_there(yard: Yard) -> None:
    """It is published with the caller's own work, or not at all."""

    def publish_and_fail() -> None:
        with yard.inline.work() as session:
            publish_chain(session, Chain("chain", pieces(1)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_fail()
    assert (yard.waiting(), yard.database.value("SELECT count(*) FROM messaging.chain")) == (0, 0)


def test_chain_published_by_a_step_belongs_to_the_same_journey(yard: Yard) -> None:
    """Its steps carry the correlation of the message that started it, and its organisation."""
    yard.do["starts"] = lambda _, session: publish_chain(session, Chain("inner", [AllDone()])) and None
    organisation = UUID(int=7)
    with yard.inline.work() as session:
        chain_id = publish_chain(session, Chain("outer", [Piece(number=1, how="starts")]), organisation_id=organisation)
    yard.drain()
    rows = yard.database.query("SELECT DISTINCT correlation_id, organisation_id FROM messaging.inbox")
    assert rows == [(chain_id, organisation)]
