"""Which role each mounted service's engine has."""

import pytest

from services.gateway.mounting import discovered_routers, open_engines
from shared.database.roles import role_password
from shared.settings import Settings

SECRET = "a-secret-of-the-tests-that-is-long-enough"


def settings(url: str, secret_key: str = SECRET) -> Settings:
    return Settings.model_validate(
        {"database_url": url, "rabbitmq_url": "amqp://localhost", "secret_key": secret_key, "storage_url": "file:///x"}
    )


@pytest.mark.parametrize("user", ["bellhop", "postgres"])
def test_owner_takes_the_role_on(user: str) -> None:
    """With the owner's URL, the connection logs in as the owner; the engine sets the role."""
    engine = open_engines(settings(f"postgresql://{user}:pw@db/bellhop"), ["ticketing"], 1)["ticketing"]
    assert engine.url.username == user


def test_gateways_own_role_becomes_nobody_else() -> None:
    """With the gateway's URL, each service's role logs in with the password derived from SECRET_KEY."""
    engine = open_engines(settings("postgresql://bellhop_gateway:pw@db/bellhop"), ["ticketing"], 1)["ticketing"]
    expected = ("bellhop_ticketing", role_password(SECRET, "ticketing"))
    assert (engine.url.username, engine.url.password) == expected


def test_routers_of_deployed_services_are_mounted() -> None:
    """Services without an http module are left out."""
    assert list(discovered_routers("ticketing,payments")) == ["ticketing"]
