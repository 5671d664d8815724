"""Which messages a process is handling, and since when."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from time import monotonic


class InFlight:
    """When the messages that are being handled were taken up: how the oldest of them is known to the health check."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}

    @contextmanager
    def one(self) -> Iterator[None]:
        self._since[get_ident()] = monotonic()
        try:
            yield
        finally:
            self._since.pop(get_ident(), None)

    def oldest(self) -> float:
        """Seconds since the oldest message was taken up; 0 if none is being handled."""
        since = min(list(self._since.values()), default=None)
        return 0.0 if since is None else monotonic() - since
