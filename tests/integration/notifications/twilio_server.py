"""A stand-in for Twilio on a real socket: it checks what it is sent, keeps messages, lists them."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SID, TOKEN, SENDER = "AC" + "a" * 32, "the-token-of-the-account", "+14155552344"
PATH = f"/2010-04-01/Accounts/{SID}/Messages.json"


@dataclass
class Answer:
    """What is answered instead of the usual; a status of 0 breaks the connection off. `takes` keeps the message first."""

    status: int
    body: Mapping[str, Any] | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False


class Twilio(ThreadingHTTPServer):
    """`messages` are those that were taken; `answers` are given first, in turn; `faults` is what was wrong with requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.messages: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self.faults: list[str] = []
        self.posts = 0
        self.lists = 0
        self.prefix = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, to: str, body: str, sent: datetime | None = None) -> dict[str, Any]:
        """Keep a message as if it had been sent."""
        message = {
            "sid": f"SM{len(self.messages):032d}",
            "to": to,
            "from": SENDER,
            "body": self.prefix + body,
            "status": "queued",
            "date_sent": (sent or datetime.now(UTC)).isoformat(),
        }
        self.messages.append(message)
        return message


class _Handler(BaseHTTPRequestHandler):
    server: Twilio

    def do_POST(self) -> None:
        self.server.posts += 1
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        form = {name: values[0] for name, values in parse_qs(raw.decode("ascii"), strict_parsing=True).items()}
        self._check(self.headers["Content-Type"] == "application/x-www-form-urlencoded", "content type")
        self._check(form.keys() == {"To", "From", "Body"}, f"form {form}")
        self._check(form.get("From") == SENDER, "sender")
        answer = self.server.answers.pop(0) if self.server.answers else None
        if not self._is_authentic():
            return
        taken = self.server.take(form["To"], form["Body"]) if answer is None or answer.takes else {}
        self._answer(answer or Answer(201, taken))

    def do_GET(self) -> None:
        self.server.lists += 1
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self._check(query.keys() == {"To", "DateSent>", "PageSize"}, f"query {query}")
        answer = self.server.answers.pop(0) if self.server.answers else None
        if not self._is_authentic():
            return
        found = [
            message
            for message in self.server.messages
            if message["to"] == query["To"] and message["date_sent"][:10] >= query["DateSent>"]
        ]
        self._answer(answer or Answer(200, {"messages": found}))

    def _is_authentic(self) -> bool:
        expected = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if self.headers["Authorization"] == expected and urlsplit(self.path).path == PATH:
            return True
        self._answer(Answer(401, {"code": 20003, "message": "Authenticate", "status": 401}))
        return False

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            self.server.faults.append(what)

    def _answer(self, answer: Answer) -> None:
        if answer.status == 0:
            self.close_connection = True
            return
        body = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
        self.send_response(answer.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing."""


@contextmanager
def twilio() -> Iterator[Twilio]:
    """A server that listens, and that has been sent nothing wrong when the test ends."""
    server = Twilio()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert server.faults == []
