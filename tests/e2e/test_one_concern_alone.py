"""One concern, started by itself: with its own role's URL it works, and sees nothing of the others."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared import discovery
from shared.contracts.notifications import AlertOperations, SendEmail
from shared.ids import new_id
from shared.messaging.envelope import Envelope
from tests.support.databases import SECRET_KEY, Database
from tests.support.processes import Processes, processes
from tests.support.vhosts import VirtualHost
from tests.support.waiting import wait_for

CONCERNS = [service for service in discovery.services() if discovery.actor_declarations(service)]
QUEUE = "notifications.default"


@pytest.fixture
def alone(tmp_path: Path, database: Database, rabbitmq: VirtualHost) -> Iterator[Processes]:
    """Starts processes that know of this database and this virtual host, and of nobody else's settings."""
    environment = {
        "RABBITMQ_URL": rabbitmq.url,
        "STORAGE_URL": (tmp_path / "storage").as_uri(),
        "SECRET_KEY": SECRET_KEY,
        "OPERATIONS_EMAIL": "operations@example.org",
        "WORKER_THREADS": "2",
    }
    with processes(tmp_path, environment) as group:
        yield group


def roles_connected(database: Database) -> set[str]:
    """Whose connections there are, but for the one that asks. PostgreSQL's own workers have no role."""
    rows = database.query(
        "SELECT DISTINCT usename FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return {name for (name,) in rows}


@pytest.mark.parametrize("service", CONCERNS)
def test_a_concern_is_ready_alone(alone: Processes, database: Database, rabbitmq: VirtualHost, service: str) -> None:
    """It needs its queues, its schema and messaging: every connection of its is its own role's, every queue its own."""
    rabbitmq.set_up(database.url, discovery.actor_declarations(service))
    wait_for(lambda: not roles_connected(database), 60, "the connections of the set-up to be gone")
    process = alone.start(f"services.{service}", DATABASE_URL=database.service_url(service)).wait_ready()
    roles = roles_connected(database)
    queues = {queue["name"] for queue in rabbitmq.management("GET", f"/api/queues/{rabbitmq.name}")}
    consumed = {actor.queue for actor in discovery.actor_declarations(service)}
    assert roles <= {f"bellhop_{service}"}
    assert consumed <= queues
    assert {name.partition(".")[0] for name in queues} == {service, "bellhop"}
    assert process.terminate() == 0


def test_notifications_handles_a_message_and_is_refused_everything_else(
    alone: Processes, database: Database, rabbitmq: VirtualHost
) -> None:
    """A command put into its queue is done, with its rows and what it publishes; the same URL opens no other schema."""
    rabbitmq.set_up(database.url, discovery.actor_declarations("notifications"))
    url = database.service_url("notifications")
    alone.start("services.notifications", DATABASE_URL=url).wait_ready()
    message_id = new_id()
    fields = AlertOperations(subject="The roof leaks", text="Bring a bucket.", fingerprint="roof").model_dump()
    envelope = Envelope(kind=AlertOperations.kind, fields=fields, message_id=message_id, queue=QUEUE)
    connection = rabbitmq.connect()
    connection.channel().basic_publish("", QUEUE, envelope.encode())
    connection.close()

    def is_done() -> bool:
        return database.query("SELECT status FROM messaging.inbox WHERE message_id = %s", message_id) == [("done",)]

    wait_for(is_done, 20, "the alert to be handled")
    assert database.value("SELECT subject FROM notifications.alerts") == "The roof leaks"
    assert database.value("SELECT kind FROM messaging.outbox") == SendEmail.kind
    assert _refused(url, "ticketing.orders", "payments.payments", "webhooks.endpoints", "gateway.api_keys") == 4


def _refused(url: str, *tables: str) -> int:
    """How many of these tables are closed to whoever has this URL."""
    refused = 0
    with psycopg.connect(url, autocommit=True) as connection:
        for table in tables:
            try:
                connection.execute(f"SELECT 1 FROM {table}".encode())
            except psycopg.errors.InsufficientPrivilege:
                refused += 1
    return refused
