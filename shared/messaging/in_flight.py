"""Which messages a process is handling, and since when."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from time import monotonic

from shared.messaging.delivery import Delivery


class InFlight:
    """What each thread handles: how the oldest is known to the health check, and what takes long to whoever looks."""

    def __init__(self) -> None:
        self._handled: dict[int, tuple[Delivery, float]] = {}

    @contextmanager
    def one(self, delivery: Delivery) -> Iterator[None]:
        self._handled[get_ident()] = (delivery, monotonic())
        try:
            yield
        finally:
            self._handled.pop(get_ident(), None)

    def oldest(self) -> float:
        """Seconds since the oldest message was taken up; 0 if none is being handled."""
        since = min((since for _, since in list(self._handled.values())), default=None)
        return 0.0 if since is None else monotonic() - since

    def held(self, seconds: float) -> list[tuple[Delivery, float]]:
        """What has been held for so long, and for how many seconds."""
        now = monotonic()
        return [(delivery, now - since) for delivery, since in list(self._handled.values()) if now - since >= seconds]
