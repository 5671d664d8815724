"""Who may read the credentials of organisations: the role of appointments, and no other."""

import psycopg
import pytest

from deploy.local.settings import SERVICES
from tests.support.databases import Database

TABLES = ("connections", "companies", "calls", "customers", "appointments")


def refused(url: str, tables: list[str]) -> list[str]:
    """Those of the tables that are closed to whoever has this URL."""
    closed = []
    with psycopg.connect(url, autocommit=True) as connection:
        for table in tables:
            try:
                connection.execute(f"SELECT count(*) FROM {table}".encode())
            except psycopg.errors.InsufficientPrivilege:
                closed.append(table)
    return closed


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "appointments"])
def test_no_other_role_sees_its_tables(database: Database, service: str) -> None:
    """Neither the gateway, which asks as the role of appointments, nor webhooks, which verifies with what it is told."""
    tables = [f"appointments.{table}" for table in TABLES]
    assert refused(database.service_url(service), tables) == tables


def test_its_own_role_sees_them_and_no_others(database: Database) -> None:
    """What it has to know of others travels in messages."""
    own = [f"appointments.{table}" for table in TABLES]
    others = [
        "webhooks.endpoints",
        "webhooks.inbound_events",
        "ticketing.orders",
        "gateway.api_keys",
        "payments.payments",
    ]
    assert refused(database.service_url("appointments"), [*own, *others]) == others


def test_its_own_role_changes_no_table(database: Database) -> None:
    """It owns nothing."""
    with (
        psycopg.connect(database.service_url("appointments"), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("ALTER TABLE appointments.connections ADD COLUMN plain text")
