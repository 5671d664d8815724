"""The bureau, and the gateway with reports mounted."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from services.gateway.app import create_app
from services.gateway.handlers import create_key
from services.gateway.settings import GatewaySettings
from services.reports.http import router
from shared.api import Resources
from shared.crypto import Vault
from shared.settings import Settings
from shared.storage import open_storage
from tests.integration.reports.figures.bureau import Bureau
from tests.support.databases import SECRET_KEY, Database


class Asleep:
    """No relay is there to be woken."""

    def start(self) -> None: ...

    def poke(self, ids: Sequence[int] = ()) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def bureau(database: Database) -> Bureau:
    """Nothing has been heard yet."""
    return Bureau(database)


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    """The API as an organisation sees it, of which nothing was heard yet."""
    settings = Settings(
        database_url=database.url,
        rabbitmq_url="memory://",
        storage_url=tmp_path.as_uri(),
        secret_key=SecretStr(SECRET_KEY),
        public_url="http://testserver",
        timezone="Europe/Berlin",
    )
    resources = Resources(storage=open_storage(tmp_path.as_uri()), vault=Vault(SECRET_KEY), settings=settings)
    app = create_app(resources, GatewaySettings(), notifier=Asleep(), routers={"reports": router})
    with database.work("gateway")() as session:
        created = create_key(session, "Blue Hall")
    with TestClient(app, headers={"Authorization": f"Bearer {created.key}"}) as client:
        client.organisation_id = created.organisation_id  # type: ignore[attr-defined] # who this client is
        yield client
