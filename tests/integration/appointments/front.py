"""The gateway with appointments and webhooks mounted, served on loopback."""

import http.client
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import uvicorn
from fastapi import FastAPI
from obstore.store import LocalStore
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.appointments.http import router as appointments
from services.appointments.settings import AppointmentsSettings
from services.gateway.app import create_app
from services.gateway.handlers import create_key
from services.gateway.settings import GatewaySettings
from services.webhooks.http import router as webhooks
from services.webhooks.settings import WebhooksSettings
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
    """A status, and the JSON that came with it."""

    status: int
    body: Any


@dataclass
class Front:
    """The HTTP interface, as organisations and providers see it."""

    port: int
    database: Database
    storage_folder: Path
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
        headers: dict[str, str] | None = None,
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
            text = response.read()
            return Answered(response.status, orjson.loads(text) if text else None)
        finally:
            connection.close()

    def configure(self, **settings: Any) -> None:
        """Settings of appointments; those that webhooks share with them are set there, too."""
        self.app.state.appointments_settings = AppointmentsSettings(**settings)
        shared = {name: settings[name] for name in WebhooksSettings.model_fields if name in settings}
        self.app.state.webhooks_settings = WebhooksSettings(**shared)

    def set_up_company(self, organisation_id: UUID) -> None:
        """A company, without more than it must have."""
        self.database.query(
            "INSERT INTO appointments.companies (organisation_id, name, time_zone, profile) VALUES (%s, %s, %s, %s)",
            organisation_id,
            "Example Dental",
            "Europe/Berlin",
            "{}",
        )


@contextmanager
def serving(database: Database, folder: Path) -> Iterator[Front]:
    """Serve until the block ends. Nothing is set up in the settings."""
    storage = folder / "storage"
    settings = Settings(
        database_url=database.url,
        rabbitmq_url="memory://",
        storage_url=storage.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
        public_url=PUBLIC_URL,
    )
    resources = Resources(Storage(LocalStore(storage, mkdir=True), storage), Vault(SECRET_KEY), settings)
    routers = {"appointments": appointments, "webhooks": webhooks}
    app = create_app(resources, GatewaySettings(), notifier=Quiet(), routers=routers)
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
