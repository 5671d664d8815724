"""The wall clock, as a value that can be passed in.

PostgreSQL's clock decides due times and leases, and `time.monotonic` measures durations; this one is for
everything else: what is shown, logged, or written into a document.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Anything that tells the time as `now` does; a test passes one that stands still."""


def now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return datetime.now(UTC)
