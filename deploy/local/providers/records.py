"""What a local provider has seen: every request, and what was wrong with it."""

import threading
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from deploy.local.providers.exchange import Request


@dataclass
class Seen:
    """One request. `status` 0: its connection was cut without an answer; None: it is being worked on."""

    operation: str
    method: str
    path: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    at: str
    status: int | None = None


class Records:
    """Kept in memory, oldest first. Safe to use from many threads."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []
        self._violations: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def begin(self, operation: str, request: Request, at: datetime) -> Seen:
        """Note a request that has come."""
        seen = Seen(
            operation,
            request.method,
            request.path,
            request.key,
            dict(request.query),
            {name: value for name, value in request.headers.items() if name != "authorization"},
            request.body.decode("utf-8", "replace"),
            at.isoformat(),
        )
        with self._lock:
            self._seen.append(seen)
        return seen

    def violation(self, operation: str, what: str) -> None:
        """Note what a client did that it must not do, whether it was refused or let pass."""
        with self._lock:
            self._violations.append({"operation": operation, "what": what})

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """All that came, or those of one operation."""
        with self._lock:
            return [asdict(seen) for seen in self._seen if operation in {None, seen.operation}]

    def counts(self) -> dict[str, int]:
        """How many of each operation."""
        with self._lock:
            return dict(Counter(seen.operation for seen in self._seen))

    def violations(self) -> list[dict[str, str]]:
        """All of them."""
        with self._lock:
            return list(self._violations)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._seen.clear()
            self._violations.clear()
