"""A database of its own for each test: cloned from a template that was migrated once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from shared.database.engine import open_engine
from shared.database.migrations import migrate
from shared.database.roles import service_url
from shared.database.session import UnitOfWork, unit_of_work
from shared.discovery import services

SECRET_KEY = "a-secret-of-the-tests-that-is-long-enough"
TEMPLATE = "bellhop_template"
OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND state LIKE 'idle in transaction%'
"""
"""How many clients of this database are inside of a transaction and run no statement."""
TOYSHOP = """
CREATE SCHEMA toyshop;
CREATE TABLE toyshop.effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number bigint NOT NULL, what text NOT NULL);
GRANT USAGE ON SCHEMA toyshop TO bellhop_toyshop;
GRANT ALL ON ALL TABLES IN SCHEMA toyshop TO bellhop_toyshop;
GRANT ALL ON ALL SEQUENCES IN SCHEMA toyshop TO bellhop_toyshop;
"""


@dataclass
class Database:
    """`url` is the owner's; `service_url` a role's own. Engines opened here are disposed of with the test."""

    url: str
    secret_key: str = SECRET_KEY
    _engines: dict[str, Engine] = field(default_factory=dict)

    def service_url(self, service: str) -> str:
        return service_url(self.url, self.secret_key, service)

    def engine(self, service: str, pool_size: int = 10) -> Engine:
        """An engine that acts as the service's role."""
        if service not in self._engines:
            self._engines[service] = open_engine(self.service_url(service), service, pool_size=pool_size)
        return self._engines[service]

    def work(self, service: str) -> UnitOfWork:
        """The service's unit of work."""
        return unit_of_work(self.engine(service))

    def query(self, statement: str, *parameters: Any) -> list[TupleRow]:
        """Run one statement as the owner, and commit. Rows, if it has any."""
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *parameters: Any) -> Any:
        """The first column of the first row."""
        return self.query(statement, *parameters)[0][0]

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()


@dataclass(frozen=True)
class Template:
    """The migrated template on one server."""

    server_url: str

    def create(self) -> None:
        """Migrate every schema once. The toy shop's one table is the tests' own."""
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        url = self._url(TEMPLATE)
        migrate(url, SECRET_KEY, [*services(), "toyshop"])
        with psycopg.connect(url) as connection:
            connection.execute(TOYSHOP)

    @contextmanager
    def clone(self) -> Iterator[Database]:
        name = f"test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        database = Database(self._url(name))
        try:
            yield database
        finally:
            database.dispose()
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return make_url(self.server_url).set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement.encode())
