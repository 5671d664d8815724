"""Which message caused what: the ids that every message, log line and outbox row carries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Cause:
    """The journey that the running code belongs to. All None outside of a message or request.

    `batch_id` is the batch that the message being handled is a member of.
    """

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    organisation_id: UUID | None = None
    traceparent: str | None = None
    batch_id: UUID | None = None


_NONE = Cause()
_current: ContextVar[Cause] = ContextVar("bellhop_cause", default=_NONE)


def current_cause() -> Cause:
    """The cause in force: that of the message being handled, or of the HTTP request."""
    return _current.get()


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    """What is published inside the block names this cause."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)
