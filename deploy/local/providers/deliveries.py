"""Webhooks of a local provider: sent from threads of their own, and as badly as it was told."""

import heapq
import http.client
import itertools
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

Headers = Callable[[bytes], Mapping[str, str]]
"""The headers of one attempt for a body: a signature may hold the time."""

TIMEOUT_SECONDS = 10.0
SENDERS = 32


@dataclass
class Manner:
    """How webhooks are sent from now on.

    `copies` of each, `delay` seconds late; `hold` keeps that many back and sends them in reverse, the newest first;
    `never` sends none.
    """

    copies: int = 1
    delay: float = 0.0
    hold: int = 0
    never: bool = False


@dataclass
class Delivery:
    """One webhook and how it went. `statuses` has one for each attempt; 0 is no answer."""

    event: str
    url: str
    body: str
    statuses: list[int] = field(default_factory=list)
    is_over: bool = False


@dataclass(frozen=True)
class _Outgoing:
    delivery: Delivery
    content: bytes
    headers: Headers
    tries_left: int


class Sender:
    """Sends when due. `retries` after an answer that is not 2xx, each after `pause` seconds."""

    def __init__(self, retries: int, pause: float = 1.0) -> None:
        self.manner = Manner()
        self.retries = retries
        self.pause = pause
        self._deliveries: list[Delivery] = []
        self._held: list[_Outgoing] = []
        self._due: list[tuple[float, int, _Outgoing]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._ready: queue.SimpleQueue[_Outgoing] = queue.SimpleQueue()
        for run in (self._run, *[self._attempt_all] * SENDERS):
            threading.Thread(target=run, name="webhooks", daemon=True).start()

    def send(self, event: str, url: str, content: bytes, headers: Headers, after: float = 0.0) -> None:
        """Send it in `after` seconds, in the manner that is in force."""
        manner = self.manner
        if manner.never or not url:
            return
        with self._changed:
            for _ in range(manner.copies):
                delivery = Delivery(event, url, content.decode())
                self._deliveries.append(delivery)
                outgoing = _Outgoing(delivery, content, headers, self.retries)
                if manner.hold:
                    self._held.append(outgoing)
                else:
                    self._push(outgoing, after + manner.delay)
            if manner.hold and len(self._held) >= manner.hold:
                self._let_go()

    def release(self) -> None:
        """Send what is held back, the newest first."""
        with self._changed:
            self._let_go()

    def deliveries(self) -> list[dict[str, Any]]:
        """All that were sent or wait."""
        with self._changed:
            return [asdict(delivery) for delivery in self._deliveries]

    def again(self, number: int, headers: Headers) -> None:
        """Send delivery `number` (as listed, from 0) once more, byte for byte."""
        with self._changed:
            former = self._deliveries[number]
            delivery = Delivery(former.event, former.url, former.body)
            self._deliveries.append(delivery)
            self._push(_Outgoing(delivery, former.body.encode(), headers, self.retries), 0)

    def clear(self) -> None:
        """Forget everything, also what waits, and send well again."""
        with self._changed:
            self.manner = Manner()
            self._deliveries.clear()
            self._held.clear()
            self._due.clear()

    def _let_go(self) -> None:
        for place, outgoing in enumerate(reversed(self._held)):
            self._push(outgoing, self.manner.delay + place * 0.05)
        self._held.clear()

    def _push(self, outgoing: _Outgoing, seconds: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), outgoing))
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                _, _, outgoing = heapq.heappop(self._due)
            self._ready.put(outgoing)

    def _attempt_all(self) -> None:
        while True:
            self._attempt(self._ready.get())

    def _attempt(self, outgoing: _Outgoing) -> None:
        delivery = outgoing.delivery
        status = _post(delivery.url, outgoing.content, outgoing.headers(outgoing.content))
        with self._changed:
            delivery.statuses.append(status)
            if 200 <= status < 300 or not outgoing.tries_left:
                delivery.is_over = True
                return
            again = _Outgoing(delivery, outgoing.content, outgoing.headers, outgoing.tries_left - 1)
            self._push(again, self.pause)


def _post(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """The status; 0 without an answer. Redirects are not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path or "/", content, {"Content-Type": "application/json", **headers})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
