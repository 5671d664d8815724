"""For those who write tests: what was published, jobs run inline, a clock that can be moved, fakes of the world outside."""

from shared.messaging.testing.fakes import FakeMailer, FakeTexter, SentText, memory_storage
from shared.messaging.testing.inline import Inline, NeverQuietError, Ran, run_inline, subscribe
from shared.messaging.testing.published import (
    Published,
    assert_batched,
    assert_chained,
    assert_nothing_else_published,
    assert_nothing_published,
    assert_published,
    published,
)
from shared.messaging.testing.time_travel import travel

__all__ = [
    "FakeMailer",
    "FakeTexter",
    "Inline",
    "NeverQuietError",
    "Published",
    "Ran",
    "SentText",
    "assert_batched",
    "assert_chained",
    "assert_nothing_else_published",
    "assert_nothing_published",
    "assert_published",
    "memory_storage",
    "published",
    "run_inline",
    "subscribe",
    "travel",
]
