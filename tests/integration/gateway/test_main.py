"""The gateway's own process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_port
from services.gateway.handlers import create_key
from tests.integration.gateway.conftest import ask
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Process, processes
from tests.support.waiting import wait_for


@pytest.fixture
def process(database: Database, tmp_path: Path) -> Iterator[Process]:
    """`python -m services.gateway` with its own role's URL, as `make up` starts it."""
    port = free_port()
    environment = {
        "DATABASE_URL": database.service_url("gateway"),
        "RABBITMQ_URL": "amqp://127.0.0.1:1",
        "STORAGE_URL": (tmp_path / "storage").as_uri(),
        "SECRET_KEY": SECRET_KEY,
        "BELLHOP_PORT": str(port),
    }
    with processes(tmp_path, environment) as group:
        started = group.start("services.gateway")
        started.http_port = port
        yield started.wait_ready(60)


def get(port: int, path: str, **headers: str) -> int:
    return ask(port, "GET", path, headers=headers).status


def test_every_service_is_reached_with_its_own_role(process: Process, database: Database) -> None:
    """The gateway's role sees no service's tables; the endpoints answer all the same."""
    with database.work("gateway")() as session:
        key = create_key(session, "Acme").key
    paths = ["/v1/events", "/v1/webhook-endpoints"]
    assert [get(process.http_port, path, Authorization=f"Bearer {key}") for path in paths] == [200, 200]


def test_sigterm_ends_it_cleanly(process: Process) -> None:
    """Exit code 0, and a last line that says so."""
    get(process.http_port, "/healthz")
    assert process.terminate() == 0
    assert process.lines()[-1]["event"] == "gateway stopped"


def test_each_request_is_one_line_of_json(process: Process) -> None:
    """Method, path, status and id; probes are not logged."""
    get(process.http_port, "/healthz")
    get(process.http_port, "/v1/events?token=secret")
    [line] = wait_for(lambda: [one for one in process.lines() if one["event"] == "request"], 5, "the line")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/events", 401)
    assert line["correlation_id"]
