"""The gateway with reports mounted, served on loopback."""

import http.client
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import uvicorn
from fastapi import FastAPI
from obstore.store import LocalStore
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.gateway.app import create_app
from services.gateway.handlers import create_key
from services.gateway.settings import GatewaySettings
from services.reports.http import router as reports
from shared.api import Resources
from shared.crypto import Vault
from shared.settings import Settings
from shared.storage import Storage
from tests.support.databases import SECRET_KEY, Database
from tests.support.waiting import wait_for

PUBLIC_URL = "https://bellhop.example"


class Quiet:
    """No relay runs beside these tests."""

    def start(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Answered:
    """A status, what came with it, and its headers."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def body(self) -> Any:
        return orjson.loads(self.content)

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass
class Front:
    """The HTTP interface, as an organisation sees it."""

    port: int
    database: Database
    storage: Storage
    app: FastAPI

    def key(self, organisation: str) -> tuple[UUID, str]:
        """The id of an organisation, and a key of it."""
        with self.database.work("gateway")() as session:
            created = create_key(session, organisation)
            return created.organisation_id, created.key

    def call(
        self,
        method: str,
        path: str,
        body: bytes | dict[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        key: str = "",
    ) -> Answered:
        """One request on a connection of its own, with an organisation's key where one is given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        content = orjson.dumps(body) if isinstance(body, dict) else body
        own = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        try:
            connection.request(method, path, content, {**own, **(headers or {})})
            response = connection.getresponse()
            return Answered(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()

    def upload(
        self, path: str, content: bytes, *, key: str, name: str = "people.csv", headers: Any = None, **fields: str
    ) -> Answered:
        """A form with one file."""
        boundary = uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
            for field, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        form = {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
        return self.call("POST", path, b"".join(parts), form, key=key)


@contextmanager
def serving(database: Database, folder: Path) -> Iterator[Front]:
    """Serve until the block ends."""
    where = folder / "storage"
    settings = Settings(
        database_url=database.url,
        rabbitmq_url="memory://",
        storage_url=where.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
        public_url=PUBLIC_URL,
    )
    storage = Storage(LocalStore(where, mkdir=True), where)
    resources = Resources(storage, Vault(SECRET_KEY), settings)
    app = create_app(resources, GatewaySettings(), notifier=Quiet(), routers={"reports": reports})
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, 10, "the gateway to start")
        yield Front(port, database, storage, app)
    finally:
        server.should_exit = True
        thread.join(10)
