"""Who commits, and how."""

import ast

from tests.architecture.source import python_files, tree_of

_WITH_THE_ANSWER = "commits an endpoint's work together with the answer that is kept for its Idempotency-Key"
MAY_COMMIT = {
    ("services/gateway/idempotency/deferred.py", "self._session"): _WITH_THE_ANSWER,
    ("services/gateway/idempotency/middleware.py", "transaction"): _WITH_THE_ANSWER,
    ("services/ticketing/repository/stock.py", "savepoint"): "releases a savepoint; the transaction stays open",
}
"""(file, what is committed) and why it is not the unit of work's business. Nothing else in a service ends a transaction."""


def test_services_do_not_commit() -> None:
    """The unit of work commits, and the worker with it: the outcome of a message must be in the same transaction."""
    calls = {
        (name, ast.unparse(node.func.value))
        for name in python_files("services")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert calls == set(MAY_COMMIT), (
        f"commits: {sorted(calls - set(MAY_COMMIT))}; leave it to `with work() as session:`, or to the worker. "
        f"No longer there, take out of MAY_COMMIT: {sorted(set(MAY_COMMIT) - calls)}"
    )


def test_every_migration_gives_up_on_a_lock_soon() -> None:
    """A migration that waits for a lock makes everybody wait behind it: it fails after some seconds, and is run again."""
    migrations = [name for name in python_files("services", "shared") if "/migrations/" in name]
    assert migrations
    without = [name for name in migrations if not _begins_with_a_lock_timeout(name)]
    assert not without, f"{without}: begin upgrade() with op.execute(\"SET LOCAL lock_timeout = '3s'\")"


def _begins_with_a_lock_timeout(name: str) -> bool:
    upgrade = next(node for node in tree_of(name).body if isinstance(node, ast.FunctionDef) and node.name == "upgrade")
    first = next(node for node in upgrade.body if not _is_docstring(node))
    return ast.unparse(first).startswith("op.execute(") and "SET LOCAL lock_timeout" in ast.unparse(first)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


QUERIES = {
    ("services/appointments/repository/appointments.py", "AppointmentRow.id.in_(former)"),
}
"""(file, condition) whose list is a query: PostgreSQL has its values already."""


def test_lists_that_grow_are_one_parameter() -> None:
    """A statement has at most 65,535: an IN over what came from outside fails on the day when it has more."""
    growing = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name in python_files("services", "shared")
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"in_", "not_in"}
        and not all(_is_constant(argument) for argument in node.args)
        and (name, ast.unparse(node)) not in QUERIES
    ]
    assert not growing, "write is_one_of(column, values) of shared/database/lists.py:\n" + "\n".join(growing)


def _is_constant(node: ast.expr) -> bool:
    """A literal, or a name in capitals, perhaps sorted."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) == "sorted" and all(map(_is_constant, node.args))
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return True
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node).rpartition(".")[2].isupper()
