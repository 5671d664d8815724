"""States of a mail or text message only move forward."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.progress import FORWARD, Progress, State, begun, not_sent, sent, suppressed


def test_a_try_whose_outcome_is_open_is_counted_when_it_is_repeated() -> None:
    """First unknown, then sent: one repeat, and the mail is said to be sent possibly twice."""
    first = not_sent(begun(Progress(), repeats=True), surely=False, final=False)
    second = sent(begun(first, repeats=True))
    assert (second.repeated_after_unknown, second.maybe_sent_twice) == (1, True)


def test_a_try_that_surely_failed_is_not_counted_as_a_repeat() -> None:
    """A server that refused a connection has no copy."""
    first = not_sent(begun(Progress(), repeats=True), surely=True, final=False)
    second = sent(begun(first, repeats=True))
    assert (second.repeated_after_unknown, second.maybe_sent_twice) == (0, False)


def test_one_unknown_outcome_is_counted_once_however_many_tries_follow() -> None:
    """Unknown, surely not, sent: two copies at most."""
    progress = not_sent(begun(Progress(), repeats=True), surely=False, final=False)
    progress = not_sent(begun(progress, repeats=True), surely=True, final=False)
    assert sent(begun(progress, repeats=True)).repeated_after_unknown == 1


def test_a_final_failure_with_a_doubt_is_unknown_and_without_is_failed() -> None:
    """`failed` promises that nothing arrived."""
    doubtful = not_sent(begun(Progress(), repeats=True), surely=False, final=True)
    certain = not_sent(begun(Progress(), repeats=True), surely=True, final=True)
    assert (doubtful.state, certain.state) == (State.UNKNOWN, State.FAILED)


def test_asking_after_a_text_message_is_no_repeat() -> None:
    """What is only looked for is not counted as sent again."""
    asked = begun(not_sent(begun(Progress(), repeats=False), surely=False, final=False), repeats=False)
    assert (asked.repeated_after_unknown, asked.outcome_open) == (0, True)


def test_a_late_failure_takes_nothing_back() -> None:
    """What was sent stays sent."""
    done = sent(begun(Progress(), repeats=True))
    assert not_sent(done, surely=False, final=True) == done


@pytest.mark.parametrize("move", [lambda progress: begun(progress, repeats=True), sent, suppressed])
def test_what_is_over_refuses_to_move(move: object) -> None:
    """A step on a finished row is a bug and says so."""
    assert callable(move)
    with pytest.raises(ValueError, match="does not become"):
        move(sent(begun(Progress(), repeats=True)))


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=8))
def test_no_sequence_of_tries_goes_backwards(tries: list[tuple[bool, bool, bool]]) -> None:
    """Whatever fails, and however often people retry, each step is one that FORWARD allows."""
    progress, seen = Progress(), [State.QUEUED]
    for succeeds, surely, final in tries:
        if progress.is_over:
            break
        progress = begun(progress, repeats=True)
        seen.append(progress.state)
        progress = sent(progress) if succeeds else not_sent(progress, surely=surely, final=final)
        seen.append(progress.state)
    steps = pairwise(seen)
    assert [step for step in steps if step[0] is not step[1] and step[1] not in FORWARD[step[0]]] == []
