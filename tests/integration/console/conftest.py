"""The command line against a real database and broker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from services.console.__main__ import main
from tests.support.databases import SECRET_KEY, Database
from tests.support.vhosts import VirtualHost


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Bellhop = Callable[..., Ran]


@pytest.fixture
def bellhop(
    database: Database, rabbitmq: VirtualHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bellhop:
    """`bellhop("failed", "list")`, with the settings of an operator. Keyword arguments are variables."""
    defaults = {
        "DATABASE_URL": database.url,
        "RABBITMQ_URL": rabbitmq.url,
        "RABBITMQ_MANAGEMENT_URL": "",
        "SECRET_KEY": SECRET_KEY,
        "BELLHOP_SERVICES": "ticketing",
        "TIMEZONE": "Europe/Berlin",
    }

    def run(*arguments: str, **variables: str) -> Ran:
        for name, value in {**defaults, **variables}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
