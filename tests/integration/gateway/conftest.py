"""A gateway on loopback that mounts the toys, and callers of it."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import pytest
import uvicorn
from structlog.testing import capture_logs

from deploy.local.ports import free_port
from services.gateway.handlers import CreatedKey, create_key
from services.gateway.settings import GatewaySettings
from tests.integration.gateway.toys import Waker, serve, settings_for
from tests.support.databases import SECRET_KEY, Database
from tests.support.waiting import wait_for


@dataclass(frozen=True)
class Answered:
    """One answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["content-type"] == "application/problem+json", self.raw
        return str(self.body["code"])


def ask(
    port: int, method: str, path: str, body: bytes | dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Answered:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    content = orjson.dumps(body) if isinstance(body, dict) else body
    try:
        connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return Answered(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
    finally:
        connection.close()


@dataclass
class Gateway:
    """The gateway's HTTP interface, and the database behind it."""

    port: int
    database: Database
    waker: Waker
    keys: dict[str, CreatedKey] = field(default_factory=dict)

    def key(self, organisation: str = "Acme") -> str:
        """A key of the organisation; the same one each time."""
        if organisation not in self.keys:
            with self.database.work("gateway")() as session:
                self.keys[organisation] = create_key(session, organisation)
        return self.keys[organisation].key

    def organisation_id(self, organisation: str = "Acme") -> UUID:
        self.key(organisation)
        return self.keys[organisation].organisation_id

    def call(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        *,
        organisation: str = "Acme",
        **headers: str,
    ) -> Answered:
        """One request of an organisation; headers with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.port, method, path, body, {"Authorization": f"Bearer {self.key(organisation)}", **sent})

    def make(self, body: dict[str, Any], key: str, **more: str) -> Answered:
        """POST a toy with an Idempotency-Key."""
        return self.call("POST", "/v1/toys", body, Idempotency_Key=key, **more)

    def toys(self) -> list[int]:
        """The numbers of all toys that were made."""
        return [number for (number,) in self.database.query("SELECT number FROM toyshop.effect ORDER BY id")]

    def published(self) -> int:
        """Messages in the outbox."""
        return int(self.database.value("SELECT count(*) FROM messaging.outbox"))


@contextmanager
def running(server: uvicorn.Server) -> Iterator[None]:
    """The server in a thread, for as long as the block lasts."""
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, 10, "the gateway to start")
        yield
    finally:
        server.should_exit = True
        thread.join(15)


@pytest.fixture
def gateway(database: Database) -> Iterator[Gateway]:
    """A gateway that mounts the toys. Its log is taken aside: a traceback drawn for people takes seconds."""
    port, waker = free_port(), Waker()
    patient = GatewaySettings(queue_seconds=60)  # the machine may have other things to do
    with capture_logs(), running(serve(settings_for(database.url, SECRET_KEY), waker, port, patient)):
        yield Gateway(port, database, waker)
