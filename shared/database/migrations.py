"""`make migrate`: one Alembic history for each schema, run under one lock, and the roles that may use them."""

import importlib.util
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from shared.database.connections import build_engine
from shared.database.roles import role_of, role_password

MIGRATION_LOCK = 0x62656C6C686F70
"""Key of the advisory lock: the word `bellhop`, so that two deployments never migrate at once."""

ROLES_WITHOUT_SCHEMA = ("relay", "scheduler")
"""Processes that have no tables of their own, only `messaging`."""

CHANGED_BY_ANOTHER = {"XX000", "42710", "23505"}
"""How PostgreSQL says that a role was changed or made by another transaction meanwhile: "tuple concurrently updated",
"already exists", and the index that says the same.
"""
OTHERS_AT_A_ROLE = 10
"""How many others may be at a role before one gives up."""

FUNCTIONS_OF = {"relay": ("make_published_partition(date)", "drop_published_partition(interval)")}
"""What only these processes may have the owner do for them."""


def migrate(database_url: str, secret_key: str, services: Iterable[str]) -> list[str]:
    """Bring the schemas `messaging` and those of `services` to their newest revision, and their roles to their rights.

    Returns the names of the schemas that exist now. Safe to run by many at once and again: it waits for its lock.
    """
    with _owner_connection(database_url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        try:
            schemas = ["messaging", *(name for name in services if migrations_folder(name) is not None)]
            for schema in schemas:
                connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
                connection.commit()
                command.upgrade(configuration(schema, connection), "head")
                connection.commit()
            for service in sorted({*schemas[1:], *services, *ROLES_WITHOUT_SCHEMA}):
                _make_role(connection, service, secret_key)
                _grant(connection, service, has_schema=service in schemas)
                connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
    return schemas


def migrations_folder(schema: str) -> Path | None:
    """Where the revisions of a schema lie: in its service's package, `messaging` in shared. None if it has none."""
    package = "shared.messaging" if schema == "messaging" else f"services.{schema}"
    specification = importlib.util.find_spec(package)
    if specification is None or specification.origin is None:
        return None
    folder = Path(specification.origin).parent / "migrations"
    return folder if folder.is_dir() else None


def configuration(schema: str, connection: Connection, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration of one schema's history, on an open connection."""
    alembic = Config()
    alembic.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    alembic.set_main_option("version_locations", str(migrations_folder(schema)))
    alembic.set_main_option("path_separator", "os")
    alembic.attributes.update(schema=schema, connection=connection, metadata=metadata)
    return alembic


@contextmanager
def _owner_connection(database_url: str) -> Iterator[Connection]:
    engine = build_engine(database_url, "migrate", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _make_role(connection: Connection, service: str, secret_key: str) -> None:
    """Create the role of a service, or give it its password anew. Roles are the whole server's: another database's
    migration may be at the same one, which no lock of ours keeps out. PostgreSQL refuses whoever comes second.
    """
    login = f"LOGIN PASSWORD '{role_password(secret_key, service)}'" if secret_key else "NOLOGIN"
    for others in reversed(range(OTHERS_AT_A_ROLE)):
        try:
            _write_role(connection, role_of(service), login)
            connection.commit()
        except DBAPIError as error:
            connection.rollback()
            if getattr(error.orig, "sqlstate", None) not in CHANGED_BY_ANOTHER or not others:
                raise
        else:
            return


def _write_role(connection: Connection, role: str, login: str) -> None:
    exists = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    # ALTER names no other attribute, not even to deny it: that takes a superuser, which no managed database's owner is.
    change = f'ALTER ROLE "{role}" WITH {login}'
    create = f'CREATE ROLE "{role}" WITH {login} NOSUPERUSER NOCREATEDB NOCREATEROLE'
    connection.execute(text(change if exists else create))
    connection.execute(text(f'GRANT "{role}" TO current_user'))


def _grant(connection: Connection, service: str, *, has_schema: bool) -> None:
    """Give the role of a service its schema and `messaging`, nothing else."""
    role = role_of(service)
    for schema in ("messaging", *((service,) if has_schema else ())):
        connection.execute(text(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"'))
        tables = f'ON ALL TABLES IN SCHEMA "{schema}"'
        connection.execute(text(f'GRANT SELECT, INSERT, UPDATE, DELETE {tables} TO "{role}"'))
        connection.execute(text(f'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{role}"'))
    for function in FUNCTIONS_OF.get(service, ()):
        connection.execute(text(f'GRANT EXECUTE ON FUNCTION messaging.{function} TO "{role}"'))
