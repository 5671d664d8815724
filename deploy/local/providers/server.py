"""Serves a local provider on a socket, a thread for each connection."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deploy.local.providers.exchange import Answer, Request, written
from deploy.local.providers.provider import Provider

BIGGEST_BODY = 1_048_576


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 as soon as it is made; `serve_forever` answers."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, provider: Provider, port: int = 0) -> None:
        self.provider = provider
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed, and give up waiting: a broken connection is no news. A bug is shown."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BIGGEST_BODY:
            self.close_connection = True
            self._send(Answer(413, {"message": "request entity too large"}))
            return
        request = Request.read(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        answer = self.server.provider.answer(request)
        if answer is None:
            self.close_connection = True
            return
        self._send(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve  # noqa: N815 - the standard library's names

    def _send(self, answer: Answer) -> None:
        body = written(answer.body)
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('',))[0]}"]
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            **answer.headers,
        }
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: what came can be asked for."""
