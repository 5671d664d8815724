"""Connections: how many there may be, and how long each may take for what it has to say."""

import asyncio
import select
from collections import deque
from typing import Any, ClassVar, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS: Final = 20.0
"""For the first byte of a new connection, and for all headers of a request from their first byte."""
DRAIN_SECONDS: Final = 5.0
"""How long a body is let in that nobody reads: a client that is still sending sees our answer so, and no broken pipe."""
DRAINS_AT_ONCE: Final = 8
DRAIN_PAUSE: Final = 0.005
"""Between two pieces of such a body: whoever sends for nothing does not keep the processor from the others."""
PIECE_BYTES: Final = 64 * 1024
"""What is read from a connection at once, and so what each may have in memory before anybody has asked for it."""
FULL_BODY: Final = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,"code":"too_busy",'
    b'"detail":"too many connections are open at this moment; try again in 1 s"}'
)
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s" % (len(FULL_BODY), FULL_BODY)
)
_PEER_CLOSED: Final = getattr(select, "POLLRDHUP", 0)


class Drains:
    """Bodies that were answered before they were read: some are let in at the same time, the others wait."""

    def __init__(self, at_once: int = DRAINS_AT_ONCE) -> None:
        self._free = at_once
        self._waiting: deque[BoundedProtocol] = deque()

    def begin(self, one: "BoundedProtocol") -> bool:
        """Whether it may go on now; otherwise its turn is told to it (`drain_on`)."""
        if self._free > 0:
            self._free -= 1
            return True
        self._waiting.append(one)
        return False

    def end(self, one: "BoundedProtocol") -> None:
        """It is over, or it will not come to it: somebody else's turn."""
        if one in self._waiting:
            self._waiting.remove(one)
        elif self._waiting:
            self._waiting.popleft().drain_on()
        else:
            self._free += 1


class BoundedProtocol(H11Protocol):
    """One connection of at most `most`. A new one takes the place of the one that has been idle longest; where all are at
    work it is told to come again. Who says nothing, or takes too long for it, is not waited for, and of one who has hung
    up nothing is read.
    """

    most: ClassVar[int] = 1_000
    drains: ClassVar[Drains] = Drains()
    idle: ClassVar[dict["BoundedProtocol", None]] = {}
    """Those that answer no request, the one that has been so longest first."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._is_draining = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        if self._has_hung_up():
            self._cut()
        elif len(self.connections) > self.most and not self._replace_an_idle_one():
            transport.write(FULL)
            transport.close()
        else:
            self.idle[self] = None
            if hasattr(transport, "max_size"):  # asyncio's own transport reads 256 KiB at once otherwise
                transport.max_size = PIECE_BYTES
            self._expect_within(HEADER_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self._is_idle and self._has_hung_up():
            self._cut()
            return
        super().data_received(data)
        if not self._is_idle:
            self.idle.pop(self, None)
        if self._is_draining:
            self._drained()
        elif not self._is_idle:
            self._expect_nothing()
        elif self._deadline is None:
            self._expect_within(HEADER_SECONDS)

    def on_response_complete(self) -> None:
        self._expect_nothing()
        super().on_response_complete()
        if self._is_idle and self in self.connections:
            self.idle[self] = None
        if self._is_unread and not self.transport.is_closing():
            self._is_draining = True
            self._expect_within(DRAIN_SECONDS)
            if not self.drains.begin(self):
                self.flow.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.idle.pop(self, None)
        self._expect_nothing()
        self._end_drain()
        super().connection_lost(exc)

    def drain_on(self) -> None:
        """Let the next piece of the body come in."""
        if self._is_draining and not self.transport.is_closing():
            self.flow.resume_reading()

    @property
    def _is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def _is_unread(self) -> bool:
        """Whether a part of the body is still to come, though the request was answered."""
        return self._is_idle and self.conn.their_state is h11.SEND_BODY

    def _drained(self) -> None:
        if self._is_unread:
            self.flow.pause_reading()
            self.loop.call_later(DRAIN_PAUSE, self.drain_on)
        else:
            self._end_drain()

    def _end_drain(self) -> None:
        if self._is_draining:
            self._is_draining = False
            self._expect_nothing()
            self.drains.end(self)

    def _has_hung_up(self) -> bool:
        """Whether the client has closed its end, though not everything may be read that it sent before."""
        descriptor = self.transport.get_extra_info("socket")
        if not _PEER_CLOSED or descriptor is None or descriptor.fileno() < 0:
            return False
        look = select.poll()
        look.register(descriptor, _PEER_CLOSED)
        return bool(look.poll(0))

    def _replace_an_idle_one(self) -> bool:
        longest = next(iter(self.idle), None)
        if longest is not None:
            longest._cut()  # noqa: SLF001 - another of the same class
        return longest is not None

    def _cut(self) -> None:
        """Close the connection without waiting for anything."""
        self.idle.pop(self, None)
        self.connections.discard(self)
        self.transport.abort()

    def _expect_within(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._cut)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
