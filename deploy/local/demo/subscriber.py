"""A subscriber of webhooks: a real HTTP server on this machine that checks every signature."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Subscriber:
    """Keeps the bodies whose signature is valid in `received`, by type, and counts the others in `refused`."""

    def __init__(self) -> None:
        self.secret = ""
        self.received: dict[str, list[dict[str, Any]]] = {}
        self.refused = 0
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(subscriber.take(body, dict(self.headers.items())))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
                """The story is told elsewhere."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Verify one delivery. Returns the status to answer with."""
        try:
            parsed = Webhook(self.secret).verify(body, {name.lower(): value for name, value in headers.items()})
        except WebhookVerificationError:
            self.refused += 1
            return 401
        self.received.setdefault(parsed["type"], []).append(parsed)
        return 204

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
