"""The servers of one run, with the benchmarks' schema and queues, and the processes that are measured."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import psycopg
from sqlalchemy import Engine

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from services.media import actors as media
from services.ticketing import actors as ticketing
from shared.database.engine import open_engine
from shared.database.migrations import migrate
from shared.database.roles import service_url
from shared.messaging.actor import declarations_in
from shared.messaging.setup import set_up_messaging
from tests.benchmarks import actors

ROOT = Path(__file__).resolve().parents[2]
RIVALS = ROOT / ".venv-bench" / "bin"
THREADS = 8
SECRET_KEY = "a-secret-of-the-benchmarks-that-is-long-enough"
SCHEMA = """
CREATE SCHEMA bench;
CREATE TABLE bench.work (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number bigint NOT NULL, what text NOT NULL);
CREATE TABLE bench.stamp (number bigint PRIMARY KEY, seconds float8 NOT NULL);
GRANT USAGE ON SCHEMA bench TO bellhop_bench;
GRANT ALL ON ALL TABLES IN SCHEMA bench TO bellhop_bench;
GRANT ALL ON ALL SEQUENCES IN SCHEMA bench TO bellhop_bench;
"""


@dataclass
class Servers:
    """One PostgreSQL, one RabbitMQ, and a folder for logs and pictures."""

    folder: Path
    postgres: Postgres
    rabbitmq: RabbitMQ

    def engine(self, service: str) -> Engine:
        return open_engine(service_url(self.postgres.url, SECRET_KEY, service), service)

    def query(self, statement: str, *parameters: Any) -> list[Any]:
        """Run one statement as the owner, and commit. Rows, if it has any."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def count(self, table: str) -> int:
        return int(self.query(f"SELECT count(*) FROM {table}")[0][0])

    def clear(self) -> None:
        """Forget what the round before left behind, and let the server write its buffers out now, not in a round."""
        self.query("TRUNCATE messaging.inbox, messaging.outbox, messaging.published, bench.work, bench.stamp")
        self.query("CHECKPOINT")

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A blocking channel."""
        connection = pika.BlockingConnection(pika.URLParameters(self.rabbitmq.url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    @contextmanager
    def running(self, *commands: list[str], service: str = "bench") -> Iterator[list[int]]:
        """Run processes beside each other inside the block; they act as `service`. Gives their pids."""
        with ExitStack() as stack:
            yield [stack.enter_context(self._process(command, service)) for command in commands]

    @contextmanager
    def _process(self, command: list[str], service: str) -> Iterator[int]:
        log = self.folder / f"{time.monotonic_ns()}-{service}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment(service), stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield process.pid
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended by itself: {log.read_text(errors='replace')[-2000:]}")
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def environment(self, service: str) -> dict[str, str]:
        foreign = ("DATABASE_", "RABBITMQ_", "HTTP_", "RELAY_", "WORKER_", "LOG_", "STORAGE_", "SECRET_", "BELLHOP_")
        return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "DATABASE_URL": service_url(self.postgres.url, SECRET_KEY, service),
            "RABBITMQ_URL": self.rabbitmq.url,
            "STORAGE_URL": f"file://{self.folder / 'storage'}",
            "SECRET_KEY": SECRET_KEY,
        }


def module(name: str, *arguments: str) -> list[str]:
    """A process of ours."""
    return [sys.executable, "-m", name, *arguments]


def rival(name: str, *arguments: str) -> list[str]:
    """A process of a rival, in the environment of the rivals."""
    return [str(RIVALS / "python"), "-m", name, *arguments]


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Fresh servers, migrated, with every queue declared, stopped at the end of the block."""
    (folder / "storage").mkdir()
    with Postgres(folder / "postgres") as postgres, RabbitMQ(folder / "rabbitmq") as rabbitmq:
        migrate(postgres.url, SECRET_KEY, ["bench", "media", "ticketing"])
        with psycopg.connect(postgres.url) as connection:
            connection.execute(SCHEMA)
        declarations = [one for module_of in (actors, media, ticketing) for one in declarations_in(module_of)]
        set_up_messaging(postgres.url, rabbitmq.url, declarations)
        yield Servers(folder, postgres, rabbitmq)
