"""Who opens connections to PostgreSQL and RabbitMQ."""

import ast

import pytest

from tests.architecture.source import python_files, tree_of

PLACES = {
    "psycopg.connect": ("shared/database/connections.py", "shared/database/silence.py"),
    "psycopg.Connection.connect": (),
    "create_engine": ("shared/database/connections.py",),
    "sqlalchemy.create_engine": (),
    "pika.URLParameters": ("shared/messaging/broker_connections.py",),
    "pika.ConnectionParameters": (),
    "pika.BlockingConnection": ("shared/messaging/broker_connections.py",),
}
"""Each way to open one, and the only files that may."""


@pytest.mark.parametrize("call", PLACES)
def test_connections_are_opened_in_one_place(call: str) -> None:
    """A connection without keepalives and deadlines waits for hours for a server that is gone without a word."""
    found = {
        name
        for name in python_files("shared", "services", "deploy")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == call
    }
    assert found == set(PLACES[call]), (
        f"{call} in {sorted(found - set(PLACES[call]))}: use connect or build_engine of shared/database/connections.py, "
        f"connection_parameters or open_connection of shared/messaging/broker_connections.py"
    )
