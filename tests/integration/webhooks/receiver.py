"""A subscriber's endpoint on this machine: it keeps what it is sent, and answers as it is told, or worse."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Behaviour = Callable[[socket.socket, threading.Event], None]


@dataclass(frozen=True)
class Sent:
    """One request as it came. Header names are in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`behaviours` are taken in order, one for each request; the last one repeats."""

    listener: socket.socket
    behaviours: list[Behaviour]
    scheme: str = "http"
    tls: ssl.SSLContext | None = None
    sent: list[Sent] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.port = int(self.listener.getsockname()[1])

    def url(self, host: str = "127.0.0.1", path: str = "/hooks?shop=1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def serve(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), self._secured(connection) as stream:
            self.sent.append(_read(stream))
            behaviour = self.behaviours[0] if len(self.behaviours) == 1 else self.behaviours.pop(0)
            behaviour(stream, self.stopping)

    def _secured(self, connection: socket.socket) -> socket.socket:
        return connection if self.tls is None else self.tls.wrap_socket(connection, server_side=True)


@contextmanager
def receiving(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens on loopback inside of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    receiver = Receiver(listener, list(behaviours), "http" if tls is None else "https", tls)
    thread = threading.Thread(target=receiver.serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopping.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _read(stream: socket.socket) -> Sent:
    with stream.makefile("rb") as reader:
        line = reader.readline().decode()
        headers = {}
        while (header := reader.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        return Sent(line.strip(), headers, reader.read(int(headers.get("content-length", 0))))


def answer(status: int, body: bytes = b"ok", **headers: str) -> Behaviour:
    """A whole answer. `retry_after="5"` becomes the header Retry-After."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    content = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda stream, _: stream.sendall(content)


def raw(content: bytes) -> Behaviour:
    """These bytes, and the end of the connection."""
    return lambda stream, _: stream.sendall(content)


def hang(_stream: socket.socket, stopping: threading.Event) -> None:
    """Take the request and say nothing."""
    stopping.wait()


def _drip(stream: socket.socket, stopping: threading.Event, piece: bytes) -> None:
    while not stopping.wait(0.05):
        stream.sendall(piece)


def drip_body(stream: socket.socket, stopping: threading.Event) -> None:
    """A good status, then one byte after the other without an end."""
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    _drip(stream, stopping, b"x")


def drip_headers(stream: socket.socket, stopping: threading.Event) -> None:
    """A good status, then header after header."""
    stream.sendall(b"HTTP/1.1 200 OK\r\n")
    _drip(stream, stopping, b"x-more: 1\r\n")


def send_a_gigabyte(stream: socket.socket, stopping: threading.Event) -> None:
    """A good status, and far too much as fast as it can."""
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    piece = b"x" * 65_536
    for _ in range(1_000_000_000 // len(piece)):
        if stopping.is_set():
            return
        stream.sendall(piece)
