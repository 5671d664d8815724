"""What an error means for a message follows from its family alone."""

from typing import Any

import pytest

from shared.errors import OutcomeUnknown, PermanentError, TransientError
from shared.messaging.actor import Policy, Snooze
from shared.messaging.failed_jobs import ERROR_LENGTH
from shared.messaging.outcomes import Verdict, describe, is_expected, judge
from shared.messaging.retries import Delays
from shared.messaging.time_limits import TimeLimitExceeded

BACKOFF = Delays([7, 9])


@pytest.mark.parametrize(
    ("error", "attempt", "policy", "verdict"),
    [
        (Snooze(30), 1, {}, Verdict("snoozed", 30)),
        (Snooze(0), 99, {}, Verdict("snoozed", 0)),
        (PermanentError(), 1, {}, Verdict("failed", reason="permanent")),
        (KeyError(), 1, {"permanent": (KeyError,)}, Verdict("failed", reason="permanent")),
        (KeyError(), 1, {}, Verdict("retry", 7)),
        (KeyError(), 2, {}, Verdict("retry", 9)),
        (KeyError(), 3, {}, Verdict("failed", reason="tries_exhausted")),
        (KeyError(), 1, {"tries": 1}, Verdict("failed", reason="tries_exhausted")),
        (TimeLimitExceeded(), 1, {}, Verdict("retry", 7)),
        (SystemExit(), 1, {}, Verdict("retry", 7)),
        (TransientError(), 2, {}, Verdict("retry", 9)),
        (TransientError(retry_after=120), 1, {}, Verdict("retry", 120)),
        (TransientError(retry_after=0), 1, {}, Verdict("retry", 0)),
        (TransientError(retry_after=-5), 1, {}, Verdict("retry", 0)),
        (TransientError(retry_after=120), 3, {}, Verdict("failed", reason="tries_exhausted")),
        (OutcomeUnknown(), 1, {}, Verdict("retry", 7)),
    ],
)
def test_family_decides(error: BaseException, attempt: int, policy: dict[str, Any], verdict: Verdict) -> None:
    """Permanent: no more. Transient: later, when it was asked for. A bug: later, too. A snooze: it costs nothing."""
    assert judge(Policy(**{"tries": 3, "backoff": BACKOFF, **policy}), error, attempt) == verdict


@pytest.mark.parametrize(("exceptions", "outcome"), [(2, "retry"), (3, "failed")])
def test_bugs_are_counted_apart(exceptions: int, outcome: str) -> None:
    """Transient faults may go on for long; the third bug ends it."""
    policy = Policy(tries=100, backoff=BACKOFF, max_exceptions=3)

    assert judge(policy, KeyError(), 50, exceptions=exceptions).outcome == outcome


@pytest.mark.parametrize(("age", "outcome"), [(80, "retry"), (95, "failed")])
def test_retries_end_with_their_time(age: float, outcome: str) -> None:
    """A retry that would come too late is not made."""
    policy = Policy(tries=None, backoff=BACKOFF, retry_until=90)

    assert judge(policy, TransientError(), 1, age=age).outcome == outcome


@pytest.mark.parametrize(("outcome", "spends"), [("retry", True), ("failed", True), ("snoozed", False)])
def test_only_a_snooze_spends_no_attempt(outcome: Any, spends: bool) -> None:
    """It is the job's own wish, not a failure."""
    assert Verdict(outcome).spends_attempt is spends


@pytest.mark.parametrize(
    ("error", "expected"),
    [(TransientError(), True), (PermanentError(), True), (Snooze(1), True), (KeyError(), False), (SystemExit(), False)],
)
def test_foreseen_errors_are_told_from_bugs(error: BaseException, expected: bool) -> None:
    """The first are counted, the others are logged as errors."""
    assert is_expected(error) is expected


def test_foreseen_error_is_described_by_its_words() -> None:
    """Its class has said the rest."""
    assert describe(PermanentError("no such toy")) == "no such toy"


def test_bug_is_described_with_the_place_where_it_happened() -> None:
    """A person will look for it."""

    def broken() -> None:
        raise ZeroDivisionError("by nothing")

    with pytest.raises(ZeroDivisionError) as caught:
        broken()

    text = describe(caught.value)
    assert "in broken" in text
    assert text.endswith("ZeroDivisionError: by nothing\n")


@pytest.mark.parametrize("error", [PermanentError("x" * 100_000), KeyError("x" * 100_000)])
def test_long_text_is_cut(error: Exception) -> None:
    """Whatever an error quotes."""
    assert len(describe(error)) <= ERROR_LENGTH


def test_snooze_looks_ahead() -> None:
    """A negative one is a bug of the caller."""
    with pytest.raises(ValueError, match="not negative"):
        Snooze(-1)
