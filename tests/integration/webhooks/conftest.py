"""An organisation, its worker, and the gateway with this service mounted."""

import http.client
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import uvicorn
from obstore.store import LocalStore
from pydantic import SecretStr

from deploy.local.ports import free_port
from services.gateway.app import create_app
from services.gateway.handlers import create_key
from services.gateway.settings import GatewaySettings
from services.webhooks.adapters.receivers import HttpReceivers
from services.webhooks.domain.endpoints import Limits
from services.webhooks.handlers.deliveries import Dependencies
from services.webhooks.http import router
from services.webhooks.settings import WebhooksSettings
from shared.api import Resources
from shared.crypto import Vault
from shared.settings import Settings
from shared.storage import Storage, StorageUnavailable
from tests.integration.webhooks.shop import Shop, Worker
from tests.support.databases import SECRET_KEY, Database
from tests.support.waiting import wait_for

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
STRIPE_SECRET = "whsec_of_the_tests"


@pytest.fixture
def shop(database: Database) -> Shop:
    """An organisation without endpoints."""
    return Shop(database)


@pytest.fixture
def worker(database: Database) -> Worker:
    """A worker that may reach this machine, and gives a receiver two seconds."""
    return Worker(
        database, Dependencies(HttpReceivers(LOOPBACK, total=2.0), Vault(SECRET_KEY), limits=Limits(pause_after=1_000))
    )


class _Quiet:
    """No relay runs beside these tests."""

    def start(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None: ...

    def stop(self) -> None: ...


class FullOrNotStorage(Storage):
    """A folder whose disk can be full."""

    is_full = False

    def put(self, key: str, data: bytes, content_type: str) -> None:
        if self.is_full:
            raise StorageUnavailable("the disk is full")
        super().put(key, data, content_type)


@dataclass(frozen=True)
class Answered:
    """A status, and the JSON that came with it."""

    status: int
    body: Any


@dataclass
class Gateway:
    """The gateway's HTTP interface, served on loopback."""

    port: int
    database: Database
    storage: FullOrNotStorage
    storage_folder: Path
    app: Any

    def key(self, organisation: str) -> tuple[UUID, str]:
        """The id of an organisation, and a key of it."""
        with self.database.work("gateway")() as session:
            created = create_key(session, organisation)
            return created.organisation_id, created.key

    def call(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Answered:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        content = orjson.dumps(body) if isinstance(body, dict) else body
        try:
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            text = response.read()
            return Answered(response.status, orjson.loads(text) if text else None)
        finally:
            connection.close()

    def configure(self, **settings: Any) -> None:
        """Settings of the webhooks service."""
        self.app.state.webhooks_settings = WebhooksSettings(**settings)


@pytest.fixture
def gateway(database: Database, tmp_path: Path) -> Iterator[Gateway]:
    """Stripe is set up, and endpoints may be on this machine."""
    storage = tmp_path / "storage"
    settings = Settings(
        database_url=database.url,
        rabbitmq_url="memory://",
        storage_url=storage.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
    )
    kept = FullOrNotStorage(LocalStore(storage, mkdir=True), storage)
    resources = Resources(kept, Vault(SECRET_KEY), settings)
    app = create_app(resources, GatewaySettings(), notifier=_Quiet(), routers={"webhooks": router})
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started, 10, "the gateway to start")
        found = Gateway(port, database, kept, storage, app)
        found.configure(stripe_webhook_secret=SecretStr(STRIPE_SECRET), allowed_networks=LOOPBACK)
        yield found
    finally:
        server.should_exit = True
        thread.join(10)
