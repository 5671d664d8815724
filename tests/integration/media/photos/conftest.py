"""The gateway with media mounted, as an organisation and as a stranger see it."""

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
from tests.integration.media.photos.studio import Studio, storage_in
from tests.support.databases import SECRET_KEY, Database


class Asleep:
    """No relay is there to be woken."""

    def start(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def studio(database: Database, tmp_path: Path) -> Iterator[Studio]:
    """An organisation without photos."""
    folder = tmp_path / "storage"
    settings = Settings(
        database_url=database.url,
        rabbitmq_url="memory://",
        storage_url=folder.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
        public_url="http://testserver",
    )
    storage = storage_in(folder)
    resources = Resources(storage=storage, vault=Vault(SECRET_KEY), settings=settings)
    app = create_app(resources, GatewaySettings(), notifier=Asleep(), routers={"media": router})
    with database.work("gateway")() as session:
        key = create_key(session, "Photographer").key
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as client:
        yield Studio(database, folder, storage, client)


@pytest.fixture
def stranger(studio: Studio) -> TestClient:
    """The same API, as another organisation sees it."""
    with studio.database.work("gateway")() as session:
        key = create_key(session, "Somebody Else").key
    return TestClient(studio.api.app, headers={"Authorization": f"Bearer {key}"})
