"""The process is put together from its settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.appointments.__main__ import build_dependencies
from services.appointments.settings import AppointmentsSettings
from shared.settings import Settings


def settings(folder: Path, secret_key: str) -> Settings:
    return Settings(
        database_url="postgresql://nowhere",
        rabbitmq_url="memory://",
        storage_url=folder.as_uri(),
        secret_key=SecretStr(secret_key),
    )


def test_nothing_is_needed_but_a_secret_key(tmp_path: Path) -> None:
    """Without an account with a provider it runs: connections have their own."""
    built = build_dependencies(settings(tmp_path, "a-secret-that-is-long-enough"), AppointmentsSettings())
    assert built.facts.own_credentials("calcom") is None


@pytest.mark.parametrize("secret_key", ["", "short"])
def test_without_a_secret_key_it_does_not_start(tmp_path: Path, secret_key: str) -> None:
    """Credentials could not be opened, links not be signed."""
    with pytest.raises(ValueError, match="SECRET_KEY"):
        build_dependencies(settings(tmp_path, secret_key), AppointmentsSettings())
