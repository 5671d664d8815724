"""Mail servers that behave badly, on real sockets: aiosmtpd is too polite for some of it."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Reply = bytes | Callable[[socket.socket], None]
"""What is answered: bytes, or something done to the connection instead. A reply that returns goes on listening."""

POLITE: Mapping[str, Reply] = {
    "CONNECT": b"220 ready\r\n",
    "EHLO": b"250 here\r\n",
    "MAIL": b"250 ok\r\n",
    "RCPT": b"250 ok\r\n",
    "DATA": b"354 go on\r\n",
    "CONTENT": b"",
    "END": b"250 2.0.0 queued as 4711\r\n",
    "QUIT": b"221 bye\r\n",
}


class _Over(Exception):  # noqa: N818 - it is no error: this conversation is over
    pass


def break_off(connection: socket.socket) -> None:
    """Close with a reset, as a process that is killed does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    raise _Over


def hang(connection: socket.socket) -> None:
    """Say nothing until the other side gives up."""
    while connection.recv(65_536):
        pass
    raise _Over


def drip(connection: socket.socket) -> None:
    """One character now and then, and never an end of line: each wait is short, the whole is endless."""
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"2")
        with suppress(TimeoutError):
            if not connection.recv(65_536):
                raise _Over


class ScriptedServer:
    """A mail server that follows a script; `mails` are those that came with their last line."""

    def __init__(self, script: Mapping[str, Reply]) -> None:
        self.script = {**POLITE, **script}
        self.mails: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, whatever connections are still open."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=[connection], daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(_Over, OSError), connection, connection.makefile("rb") as lines:
            self._answer(connection, "CONNECT")
            for line in lines:
                verb = line[:4].decode("ascii", "replace").strip().upper()
                self._answer(connection, verb if verb in self.script else "QUIT")
                if verb == "DATA" and self.script["DATA"] == POLITE["DATA"]:
                    self._answer(connection, "CONTENT")
                    self.mails.append(_content(lines))
                    self._answer(connection, "END")

    def _answer(self, connection: socket.socket, verb: str) -> None:
        reply = self.script[verb]
        if isinstance(reply, bytes):
            connection.sendall(reply)
        else:
            reply(connection)


def _content(lines: BinaryIO) -> bytes:
    """What came before the last line, or nothing at all if that line never came."""
    content = b""
    for line in lines:
        if line == b".\r\n":
            return content
        content += line
    raise _Over


@contextmanager
def scripted(**script: Reply) -> Iterator[ScriptedServer]:
    """A server that is polite but for what the script says: `scripted(RCPT=hang)`."""
    server = ScriptedServer(script)
    try:
        yield server
    finally:
        server.close()


class Mailboxes:
    """aiosmtpd's handler: takes mail as a real server does, refuses what it is told to, keeps what it took."""

    def __init__(self, rcpt: str = "250 ok", data: str = "250 2.0.0 taken") -> None:
        self.rcpt, self.data = rcpt, data
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        if self.data.startswith("2"):
            self.envelopes.append(envelope)
        return self.data

    @property
    def contents(self) -> list[bytes]:
        return [envelope.original_content or b"" for envelope in self.envelopes]


@contextmanager
def aiosmtpd_server(handler: Mailboxes, **options: Any) -> Iterator[int]:
    """Real server: aiosmtpd, on a port of its own, which is given."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
