"""The migrations against a real PostgreSQL: they fit the models, may be run again, and give each role its rights only."""

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import psycopg
import pytest
from alembic import command
from psycopg import sql
from sqlalchemy import MetaData, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from shared.database.base import Base
from shared.database.engine import open_engine
from shared.database.migrations import ROLES_WITHOUT_SCHEMA, configuration, migrate, migrations_folder
from shared.database.roles import role_of
from shared.discovery import services
from shared.ids import new_id
from tests.support.databases import Database
from tests.support.waiting import wait_for

DEPLOYED = [*services(), "toyshop"]
"""As in the template: the toy shop has a role, and tables of the tests' own making."""
SCHEMAS = ["messaging", *(name for name in services() if migrations_folder(name) is not None)]
SERVICES = sorted({*services(), *ROLES_WITHOUT_SCHEMA})
FOREIGN = [(service, schema) for service, schema in product(SERVICES, SCHEMAS) if schema not in {service, "messaging"}]
WAIT_FOR_A_LOCK = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND backend_type = 'client backend'
"""
SNAPSHOT = """
SELECT 'column', table_schema || '.' || table_name || '.' || column_name, data_type || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = ANY(%s)
UNION ALL
SELECT 'grant', grantee || ' on ' || table_schema || '.' || table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type)
FROM information_schema.role_table_grants WHERE table_schema = ANY(%s) GROUP BY grantee, table_schema, table_name
UNION ALL
SELECT 'index', schemaname || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(%s)
ORDER BY 1, 2, 3
"""


@pytest.mark.parametrize("schema", SCHEMAS)
def test_alembic_finds_no_difference_to_the_models(unchanged: Database, schema: str) -> None:
    """`alembic check` of each history: what models say and what revisions made is the same."""
    engine = create_engine(make_url(unchanged.url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        command.check(configuration(schema, connection, _metadata(schema)))
    assert _metadata(schema).tables


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_history_leads_down_and_up_again(database: Database, schema: str) -> None:
    """A release can be taken back: downgrade leaves nothing of the schema's own, and upgrade makes the same again."""
    before = _snapshot(database)
    engine = create_engine(make_url(database.url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(configuration(schema, connection), "base")
        connection.commit()
        left = database.query("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", schema)
    migrate(database.url, database.secret_key, DEPLOYED)
    assert (left, _snapshot(database)) == ([("alembic_version",)], before)


def test_migrating_again_changes_nothing(database: Database) -> None:
    """`make migrate` on every start of a deployment is harmless."""
    before = _snapshot(database)
    schemas = migrate(database.url, database.secret_key, DEPLOYED)
    assert (schemas, _snapshot(database)) == (SCHEMAS, before)


@pytest.mark.parametrize(
    "statement",
    ['ALTER ROLE "{role}" CONNECTION LIMIT 50', 'DROP ROLE "{role}"; CREATE ROLE "{role}"'],
    ids=["changed", "made anew"],
)
def test_another_database_of_the_server_is_at_the_same_role(database: Database, statement: str) -> None:
    """Roles belong to the server, and the lock to a database: whoever comes second waits, and has its way as well."""
    service = f"other_{new_id().hex}"
    role = role_of(service)
    with psycopg.connect(database.url) as other:
        other.execute(f"CREATE ROLE {role}".encode())
        other.commit()
        other.execute(statement.format(role=role).encode())
        with ThreadPoolExecutor(1) as pool:
            migrating = pool.submit(migrate, database.url, database.secret_key, [*DEPLOYED, service])
            wait_for(
                lambda: database.value(WAIT_FOR_A_LOCK) > 0 or migrating.done(), what="migrate to come to the role"
            )
            other.commit()
            migrating.result()
        logs_in = database.value("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", role)
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())
    assert logs_in is True


def test_an_owner_that_is_no_superuser_can_migrate_again_and_again(database: Database) -> None:
    """As on a managed database: its owner may create roles and owns the database, no more."""
    name, owner = f"managed_{new_id().hex}", f"tenant_{new_id().hex}"
    roles = [role_of(service) for service in ("alpha", *ROLES_WITHOUT_SCHEMA, "payments")]
    server = make_url(database.url)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'sesame'".encode())
        connection.execute(f"CREATE DATABASE {name} OWNER {owner}".encode())
        connection.execute(f"GRANT {', '.join(roles[1:])} TO {owner} WITH ADMIN OPTION".encode())
    url = server.set(username=owner, password="sesame", database=name).render_as_string(hide_password=False)
    try:
        migrated = [migrate(url, database.secret_key, ["alpha", "payments"]) for _ in range(2)]
    finally:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            connection.execute(f"REASSIGN OWNED BY {owner} TO CURRENT_USER".encode())
            connection.execute(f"DROP OWNED BY {owner}".encode())
            connection.execute(f"DROP ROLE IF EXISTS {roles[0]}".encode())
            connection.execute(f"DROP ROLE {owner}".encode())
    assert migrated == [["messaging", "payments"]] * 2


def test_two_migrations_at_once_wait_for_each_other(database: Database) -> None:
    """Two deployments that start together end with one history each, and neither fails."""
    database.query(f"DROP SCHEMA {SCHEMAS[-1]} CASCADE")
    errors: list[BaseException] = []

    def run() -> None:
        try:
            migrate(database.url, database.secret_key, DEPLOYED)
        except psycopg.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    revisions = database.value(f"SELECT count(*) FROM {SCHEMAS[-1]}.alembic_version")
    assert (errors, revisions) == ([], 1)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_logs_in_with_its_own_password_and_works_in_its_schema(unchanged: Database, service: str) -> None:
    """Its URL alone, derived from the installation's secret, opens its own schema and messaging."""
    with psycopg.connect(unchanged.service_url(service)) as connection:
        seen = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s) AND has_schema_privilege(oid, 'USAGE') ORDER BY 1",
            (SCHEMAS,),
        ).fetchall()
    assert [name for (name,) in seen] == sorted({"messaging", service} & set(SCHEMAS))


@pytest.mark.parametrize(("service", "schema"), FOREIGN)
def test_a_service_is_refused_every_other_schema(unchanged: Database, service: str, schema: str) -> None:
    """Permission denied, for each table that another service has."""
    tables = [name for (name,) in unchanged.query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)]
    refused = []
    with psycopg.connect(unchanged.service_url(service), autocommit=True) as connection:
        for table in tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            refused.append(table)
    assert tables
    assert refused == tables


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE messaging.mine (id int)",
        "DROP TABLE messaging.outbox",
        "ALTER TABLE messaging.outbox ADD COLUMN mine int",
        "TRUNCATE messaging.inbox",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET ROLE bellhop_payments",
    ],
)
def test_a_service_cannot_change_what_it_does_not_own(unchanged: Database, statement: str) -> None:
    """Roles own nothing: tables are changed by `migrate` alone, and nobody becomes somebody else."""
    with (
        psycopg.connect(unchanged.service_url("ticketing"), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege) as refused,
    ):
        connection.execute(statement.encode())
    assert refused.value.sqlstate == "42501"


def test_the_password_of_one_role_opens_no_other(unchanged: Database) -> None:
    """Whoever knows one process's URL knows nothing about the others' passwords."""
    url = make_url(unchanged.service_url("ticketing")).set(username="bellhop_payments")
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(url.render_as_string(hide_password=False))
    assert "password authentication failed" in str(refused.value)


def test_an_engine_with_the_owners_url_takes_its_services_role_on(unchanged: Database) -> None:
    """A process that is given more than its own URL still acts as its service, and is refused the rest."""
    engine = open_engine(unchanged.url, "payments")
    with engine.connect() as connection:
        role = connection.exec_driver_sql("SELECT current_user").scalar_one()
        path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    engine.dispose()
    assert (role, path) == ("bellhop_payments", "payments,messaging")


def _metadata(schema: str) -> MetaData:
    """The tables that the code of a schema declares."""
    if schema == "messaging":
        module = importlib.import_module("shared.messaging.tables")
    else:
        module = importlib.import_module(f"services.{schema}.models")
    base: type[Base] = module.Base
    return base.metadata


def _snapshot(database: Database) -> list[tuple[object, ...]]:
    """Columns, grants and indexes of all schemas."""
    return database.query(SNAPSHOT, SCHEMAS, SCHEMAS, SCHEMAS)
