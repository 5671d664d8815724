"""The gateway with ticketing mounted, and keys of two organisations."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from services.gateway.app import create_app
from services.gateway.handlers import create_key
from services.gateway.settings import GatewaySettings
from services.ticketing.http import router
from shared.api import Resources
from shared.crypto import Vault
from shared.settings import Settings
from shared.storage import open_storage
from tests.integration.ticketing.scene import Scene
from tests.support.databases import SECRET_KEY


class Asleep:
    """No relay is there to be woken."""

    def start(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None: ...

    def stop(self) -> None: ...


@contextmanager
def gateway(scene: Scene) -> Iterator[TestClient]:
    """A client with a key of the scene's organisation, which the scene's handlers act for from now on."""
    settings = Settings(
        database_url=scene.database.url,
        rabbitmq_url="memory://",
        storage_url=scene.folder.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
        public_url="http://testserver",
        timezone="Europe/Berlin",
    )
    resources = Resources(storage=open_storage(settings.storage_url), vault=Vault(SECRET_KEY), settings=settings)
    app = create_app(resources, GatewaySettings(), notifier=Asleep(), routers={"ticketing": router})
    with scene.database.work("gateway")() as session:
        created = create_key(session, "Town Hall")
    scene.organisation_id = created.organisation_id
    with TestClient(app, headers={"Authorization": f"Bearer {created.key}"}) as client:
        yield client


@pytest.fixture
def api(scene: Scene) -> Iterator[TestClient]:
    """The API, as the scene's organisation sees it."""
    with gateway(scene) as client:
        yield client


@pytest.fixture
def stranger(scene: Scene, api: TestClient) -> TestClient:
    """The same API, as another organisation sees it."""
    with scene.database.work("gateway")() as session:
        key = create_key(session, "Somebody Else").key
    return TestClient(api.app, headers={"Authorization": f"Bearer {key}"})
