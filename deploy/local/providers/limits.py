"""So many requests a minute for each key, as Cal.com counts them: a window that begins with its first request."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

WINDOW_SECONDS = 60.0


@dataclass
class _Window:
    ends_at: float
    used: int = 0


class RateLimit:
    """`admit` says whether there was room, with the headers of the answer. `monotonic` gives seconds."""

    def __init__(self, per_window: int = 120, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.per_window = per_window
        self._monotonic = monotonic
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def admit(self, key: str) -> tuple[bool, Mapping[str, str]]:
        """Count one request of this key."""
        with self._lock:
            now = self._monotonic()
            window = self._windows.get(key)
            if window is None or window.ends_at <= now:
                window = self._windows[key] = _Window(now + WINDOW_SECONDS)
            window.used += 1
            wait = max(1, math.ceil(window.ends_at - now))
            admitted = window.used <= self.per_window
            headers = {
                "X-RateLimit-Limit-Default": str(self.per_window),
                "X-RateLimit-Remaining-Default": str(max(0, self.per_window - window.used)),
                "X-RateLimit-Reset-Default": str(wait),
            }
            return admitted, headers if admitted else {**headers, "Retry-After": str(wait)}

    def clear(self) -> None:
        """Forget what was used."""
        with self._lock:
            self._windows.clear()
