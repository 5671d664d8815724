"""An organisation with photos, and the gateway with media mounted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from services.gateway.app import create_app
from services.gateway.handlers import create_key
from services.gateway.settings import GatewaySettings
from services.media.http import router
from shared.api import Resources
from shared.crypto import Vault
from shared.settings import Settings
from tests.integration.media.archives.scene import Scene
from tests.support.databases import SECRET_KEY, Database


class Asleep:
    """No relay is there to be woken."""

    def start(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> Scene:
    """No photos yet."""
    return Scene.on(database, tmp_path)


@pytest.fixture
def api(scene: Scene) -> Iterator[TestClient]:
    """The API as an organisation sees it, whose the scene's photos are from now on."""
    settings = Settings(
        database_url=scene.database.url,
        rabbitmq_url="memory://",
        storage_url=scene.folder.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
        public_url="http://testserver",
        timezone="Europe/Berlin",
    )
    resources = Resources(storage=scene.storage, vault=Vault(SECRET_KEY), settings=settings)
    app = create_app(resources, GatewaySettings(), notifier=Asleep(), routers={"media": router})
    with scene.database.work("gateway")() as session:
        created = create_key(session, "Wedding Photos")
    scene.organisation_id = created.organisation_id
    with TestClient(app, headers={"Authorization": f"Bearer {created.key}"}) as client:
        yield client


@pytest.fixture
def stranger(scene: Scene, api: TestClient) -> TestClient:
    """The same API, as another organisation sees it."""
    with scene.database.work("gateway")() as session:
        key = create_key(session, "Somebody Else").key
    return TestClient(api.app, headers={"Authorization": f"Bearer {key}"})
