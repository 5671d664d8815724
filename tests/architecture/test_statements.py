"""What SQL may not forget."""

import ast
from collections.abc import Iterator

from tests.architecture.source import python_files, tree_of

FOLDERS = ("services", "shared", "deploy", "tests")
CHOICES = ("backend_type", "pid = ANY", "pid = %s")
"""One of these in the statement says which backends are meant."""


def test_who_is_connected_is_asked_of_clients_only() -> None:
    """PostgreSQL's own workers appear among the connections of any database at any time."""
    found = [
        f"{name}:{line}"
        for name in python_files(*FOLDERS)
        for line, text in _texts(name)
        if "FROM pg_stat_activity" in text and not any(choice in text for choice in CHOICES)
    ]
    assert not found, (
        f"{found} count PostgreSQL's own workers (autovacuum, parallel ones) as connections: "
        "add \"AND backend_type = 'client backend'\", or name the pids"
    )


def _texts(name: str) -> Iterator[tuple[int, str]]:
    """Every text of the file with its line, but for this rule's own."""
    if name == "tests/architecture/test_statements.py":
        return
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
