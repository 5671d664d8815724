"""The health port of every process: `/healthz`, `/readyz` and `/metrics` over plain HTTP."""

import json
import selectors
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from shared.logging import get_logger

Check = Callable[[], list[str]]
"""Returns the reasons why not; an empty list means yes. Must answer within the prober's time-out, a second or so."""

IDLE_SECONDS: Final = 5.0
"""A connection that sends nothing for so long is closed. Each has a thread, so that it never holds up another."""

logger = get_logger(__name__)


class HealthServer:
    """Serves a process's health from a daemon thread; port 0 takes a free one, told by `port` after `start`.

    `alive` answers whether the process should go on living (liveness: it is restarted otherwise), `ready` whether it
    can work (its database and broker are there). A check that raises counts as a no.
    """

    def __init__(
        self,
        port: int,
        registry: CollectorRegistry,
        alive: Check,
        ready: Check,
        *,
        host: str = "0.0.0.0",  # noqa: S104 - probed from outside the container
    ) -> None:
        self._address = (host, port)
        self._routes: dict[str, Callable[[str], _Answer]] = {
            "/healthz": lambda _: _verdict(alive),
            "/readyz": lambda _: _verdict(ready),
            "/metrics": lambda accept: _exposition(registry, accept),
        }
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; before `start`, the one that was asked for."""
        return self._server.server_port if self._server else self._address[1]

    def start(self) -> None:
        """Listen; OSError, naming the address, if the port is taken."""
        if self._server is not None:
            return
        try:
            self._server = _Server(self._address, self._routes)
        except OSError as error:
            raise OSError(
                error.errno, f"health port {self._address[0]}:{self._address[1]}: {error.strerror}"
            ) from error
        threading.Thread(target=self._server.serve, name="health", daemon=True).start()

    def stop(self) -> None:
        """Close the port; requests that are being answered are not waited for."""
        server, self._server = self._server, None
        if server is not None:
            server.end()


_Answer = tuple[int, str, bytes]
"""Status, content type, body."""


def _verdict(check: Check) -> _Answer:
    try:
        reasons = check()
    except Exception as error:  # a check that breaks must be seen as a no, not as a cut connection
        logger.warning("health check raised", exc_info=error)
        reasons = [f"the check raised {type(error).__name__}"]
    body = {"status": "unavailable", "reasons": reasons} if reasons else {"status": "ok"}
    return 503 if reasons else 200, "application/json", json.dumps(body).encode()


def _exposition(registry: CollectorRegistry, accept: str) -> _Answer:
    encode, content_type = choose_encoder(accept)
    return 200, content_type, encode(registry)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    timeout = 0
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], routes: dict[str, Callable[[str], _Answer]]) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self.routes = routes
        super().__init__(address, _Handler)

        self._wake, self._woken = socket.socketpair()
        self._ended = threading.Event()

    def serve(self) -> None:
        """Answer until `end`. The standard library's own loop wakes up several times a second to look whether it may go
        on; an idle process sleeps here.
        """
        with selectors.DefaultSelector() as selector:
            listening = selector.register(self, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while all(key is listening for key, _ in selector.select()):
                self.handle_request()
        self.server_close()
        self._woken.close()
        self._ended.set()

    def end(self) -> None:
        """Close the port; requests that are being answered are not waited for."""
        self._wake.close()
        self._ended.wait()

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's own name, which hangs where there is no DNS."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the parent's signature
        """Log a bug; a prober that went away in the middle is nobody's error."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            logger.error("health request failed", client=str(client_address), exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "bellhop"
    sys_version = ""
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        route = self.server.routes.get(self.path.partition("?")[0])
        accept = self.headers.get("Accept", "")
        status, content_type, body = route(accept) if route else (404, "text/plain", b"not found\n")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the parent's naming

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing: probes come every few seconds."""
