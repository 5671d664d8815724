"""A TCP proxy on this machine that swallows packets, delays answers and cuts connections: a network that fails."""

import asyncio
import ctypes
import socket
import struct
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from contextlib import suppress
from typing import Self

PIECE_BYTES = 64 * 1024
MOST_PIECES = 256
"""How much waits in one direction of a connection before the proxy reads no further."""
ATTACH_FILTER, DETACH_FILTER = 26, 27
"""SO_ATTACH_FILTER and SO_DETACH_FILTER of asm-generic/socket.h; Python has no name for them."""
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)
"""One instruction of classic BPF: keep 0 bytes of each packet."""

Queue = asyncio.Queue[tuple[float, bytes]]


class Proxy:
    """Stands on `port` of 127.0.0.1 before a server, for the length of a `with` block, and lets all through at first.

    What is said while it is silent is lost as on a real network: the kernel acknowledges nothing, so that keepalives
    and `tcp_user_timeout` see it, and sends it again once the way is free.
    """

    def __init__(self, target_host: str, target_port: int) -> None:
        self._target = target_host, target_port
        self._silent = False
        self._delay = 0.0
        self._delayed_from = (0, 0.0)
        self.taken = 0
        """Connections so far."""
        self._sockets: set[StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(10)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def swallow(self) -> None:
        """Drop all packets of both directions: connections stay, new ones are taken, and nobody gets an answer."""
        self._change(silent=True, delay=self._delay)

    def delay(self, seconds: float) -> None:
        """Keep each answer for so long after it came; what is asked goes on at once."""
        self._change(silent=self._silent, delay=seconds)

    def delay_from(self, number: int, seconds: float) -> None:
        """The same, for all, from the moment at which the `number`-th connection is taken, counted from 1."""
        self._delayed_from = (number, seconds)

    def cut(self) -> None:
        """Reset every connection that is open. New ones are served."""
        self._do(self._cancel)

    def strand(self) -> None:
        """Drop for good all packets of the connections that are open, and serve new ones: a server whose machine is
        gone without a word, and another in its place.
        """

        def strand() -> None:
            stranded, self._sockets = self._sockets, set()
            for writer in stranded:
                _filter(writer, drop=True)

        self._do(strand)

    def restore(self) -> None:
        """Let all through again, also what was kept. A connection that was silent goes on when the kernel next tries."""
        self._change(silent=False, delay=0.0)

    def _change(self, *, silent: bool, delay: float) -> None:
        def change() -> None:
            self._silent, self._delay = silent, delay
            for writer in self._sockets:
                _filter(writer, drop=silent)
            self._changed.set()
            self._changed = asyncio.Event()

        self._do(change)

    def _do(self, change: Callable[[], None]) -> None:
        """Run it where the connections live, and return when it is done."""

        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def _cancel(self) -> None:
        for connection in self._connections:
            connection.cancel()

    async def _close(self) -> None:
        self._server.close()
        self._cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await asyncio.sleep(0)  # transports that were aborted close their sockets in the loop's next round

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, until both have said all they had to say, one is reset, or it is cut."""
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        self.taken += 1
        if self.taken == self._delayed_from[0]:
            self._delay = self._delayed_from[1]
        self._keep(writer)
        opened = [writer]
        try:
            while self._silent:
                await self._changed.wait()
            behind, before = await asyncio.open_connection(*self._target)
            self._keep(before)
            opened.append(before)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, before, answers=False))
                both.create_task(self._carry(behind, writer, answers=True))
        except* (OSError, asyncio.CancelledError):
            for stream in opened:
                _reset(stream)
        finally:
            self._connections.discard(connection)
            for stream in opened:
                self._sockets.discard(stream)
                stream.close()

    def _keep(self, writer: StreamWriter) -> None:
        self._sockets.add(writer)
        if self._silent:
            _filter(writer, drop=True)

    async def _carry(self, source: StreamReader, sink: StreamWriter, *, answers: bool) -> None:
        """One direction."""
        pieces: Queue = asyncio.Queue(MOST_PIECES)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take(source, pieces))
            group.create_task(self._give(pieces, sink, answers=answers))

    async def _take(self, source: StreamReader, pieces: Queue) -> None:
        """Note when each piece came; the last one is empty, the end of the stream."""
        while True:
            data = await source.read(PIECE_BYTES)
            await pieces.put((self._loop.time(), data))
            if not data:
                return

    async def _give(self, pieces: Queue, sink: StreamWriter, *, answers: bool) -> None:
        while True:
            came, data = await pieces.get()
            while (seconds := self._still_kept(came, answers=answers)) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), seconds)
            if not data:
                sink.write_eof()
                return
            sink.write(data)
            await sink.drain()

    def _still_kept(self, came: float, *, answers: bool) -> float:
        """Seconds to wait before this piece goes on, unless something changes meanwhile."""
        if self._silent:
            return 3600.0
        return came + self._delay - self._loop.time() if answers else 0.0


def _filter(writer: StreamWriter, *, drop: bool) -> None:
    """Have the kernel drop, or take again, what comes for this socket, before TCP sees it. Needs no privilege."""
    with suppress(OSError):  # nothing to detach, or the socket is closed
        stream: socket.socket = writer.get_extra_info("socket")
        if drop:
            program = ctypes.create_string_buffer(DROP_ALL, len(DROP_ALL))
            stream.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
        else:
            stream.setsockopt(socket.SOL_SOCKET, DETACH_FILTER, 0)


def _reset(writer: StreamWriter) -> None:
    """Close with RST, as a router that forgot the connection does."""
    with suppress(OSError):
        stream: socket.socket = writer.get_extra_info("socket")
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
