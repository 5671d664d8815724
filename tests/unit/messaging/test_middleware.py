"""Policies: what cannot work fails when the actor is declared, with the kind and what to write instead."""

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import PermanentError
from shared.messaging.actor import actor, provider_actor
from shared.messaging.middleware import (
    Admission,
    CircuitBreaker,
    Concurrency,
    RateLimited,
    SkipIf,
    TokenBucket,
    WithoutOverlapping,
)
from shared.messaging.retries import Delays
from tests.integration.messaging.bench import delivery_of
from tests.toyshop.contracts import MakeToy, ToyFailed

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"retries": 3}, TypeError, "retries"),
    ({"tries": "3"}, TypeError, "tries is a whole number"),
    ({"tries": True}, TypeError, "tries is a whole number"),
    ({"tries": None}, ValueError, "set retry_until"),
    ({"retry_until": 0}, ValueError, "retry_until is over 0 s"),
    ({"retry_until": timedelta(hours=1)}, TypeError, "retry_until is a number"),
    ({"retry_until": 10, "backoff": Delays([60])}, ValueError, "first retry would come after retry_until"),
    ({"max_exceptions": 0}, ValueError, "max_exceptions is at least 1"),
    ({"tries": 2, "max_exceptions": 3}, ValueError, "never come to 3 exceptions"),
    ({"backoff": [10, 60]}, TypeError, r"backoff is Delays\("),
    ({"time_limit": "60"}, TypeError, "time_limit is a number"),
    ({"time_limit": float("nan")}, ValueError, "finite"),
    ({"permanent": ValueError}, TypeError, "permanent is a list"),
    ({"permanent": ["ValueError"]}, TypeError, "classes of exceptions"),
    ({"on_failure": "toyshop.toy.failed"}, TypeError, "names a FailureNotice"),
    ({"middleware": RateLimited("mail")}, TypeError, "middleware is a list"),
    ({"middleware": [RateLimited]}, TypeError, "is no JobMiddleware"),
    ({"middleware": [RateLimited("mail", "60")]}, TypeError, "allows is a whole number"),  # type: ignore[arg-type] # on purpose
    ({"middleware": [RateLimited("mail", 0)]}, ValueError, "at least 1"),
    ({"middleware": [RateLimited("mail", per=0)]}, ValueError, "at least 0.01 s"),
    ({"middleware": [RateLimited("{order}")]}, ValueError, "has no field"),
    ({"middleware": [RateLimited("{number")]}, ValueError, "is no key"),
    ({"middleware": [RateLimited("k" * 256)]}, ValueError, "1 to 255 characters"),
    ({"middleware": [RateLimited(7)]}, TypeError, "a key is a text"),  # type: ignore[arg-type] # on purpose
    ({"middleware": [RateLimited("mail", 1), RateLimited("mail", 2)]}, ValueError, "stands beside another of its key"),
    ({"middleware": [TokenBucket("mail", rate=0)]}, ValueError, "rate over 0"),
    ({"middleware": [TokenBucket("mail", rate=float("inf"))]}, ValueError, "finite"),
    ({"middleware": [Concurrency("mail", 0)]}, ValueError, "at least one"),
    ({"middleware": [WithoutOverlapping("a"), Concurrency("a", 2)]}, ValueError, "stands beside another of its key"),
    ({"middleware": [WithoutOverlapping("a", drop="yes")]}, TypeError, "drop is True or False"),  # type: ignore[arg-type] # on purpose
    ({"middleware": [CircuitBreaker("")]}, ValueError, "a breaker has a name"),
    ({"middleware": [CircuitBreaker("carrier", pause=0)]}, ValueError, "pause over 0 s"),
    ({"middleware": [SkipIf(True)]}, TypeError, "takes a function"),  # type: ignore[arg-type] # on purpose
]


@pytest.mark.parametrize(("options", "error", "says"), REFUSED, ids=[says for _, _, says in REFUSED])
def test_what_cannot_work_is_refused(options: dict[str, Any], error: type[Exception], says: str) -> None:
    """At the declaration, not in the night."""
    with pytest.raises(error, match=says):
        actor(MakeToy, queue="toyshop.default", **options)


def test_notice_that_would_tell_itself_for_ever_is_refused() -> None:
    """A FailureNotice whose own failure publishes it again."""
    with pytest.raises(ValueError, match="never ends"):
        actor(ToyFailed, queue="toyshop.default", on_failure=ToyFailed)


def test_call_that_takes_no_time_is_refused() -> None:
    """The deadline of a call is over 0 and within the time limit."""
    with pytest.raises(ValueError, match="does not fit"):
        provider_actor(MakeToy, queue="toyshop.default", call_deadline=0)


def test_key_names_fields_and_a_long_one_ends_in_a_digest() -> None:
    """Two long keys that begin alike stay two."""
    first, second = (_admission(MakeToy(number=1, how="x" * 300 + end)).key("window", "{how}") for end in "ab")
    assert _admission(MakeToy(number=7)).key("window", "toy-{number}") == "window:toy-7"
    assert first != second
    assert max(len(first), len(second)) <= 255 + len("window:")


def _admission(message: MakeToy) -> Admission:
    connection: Any = None
    return Admission(connection, message, delivery_of(message), lease=1.0, permanent=(PermanentError,))
