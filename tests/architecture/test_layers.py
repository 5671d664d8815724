"""Which file of a service may import what: the part of the table that import-linter's contracts cannot say.

They say what is forbidden; here stands, file by file, all that is allowed.
"""

import ast
import sys
import tomllib

import grimp
import pytest

from tests.architecture.source import ROOT, python_files, tree_of

CONCERNS = sorted(
    folder.name
    for folder in (ROOT / "services").iterdir()
    if (folder / "domain.py").exists() or (folder / "domain").is_dir()
    if (folder / "actors.py").exists() or (folder / "actors").is_dir()
)
"""The services with rules of their own, as against the processes that carry their messages."""

ALLOWED = {
    "actors": (".domain", ".handlers", "shared.contracts", "shared.messaging"),
    "handlers": (
        *(".domain", ".errors", ".repository", ".composing", ".letters"),
        *("shared.clock", "shared.contracts", "shared.crypto", "shared.errors", "shared.ids", "shared.logging"),
        *("shared.messaging.batch", "shared.messaging.chain", "shared.messaging.outbox", "shared.messaging.scheduled"),
        *("shared.messaging.unique", "shared.retention"),
    ),
    "domain": (
        ".errors",
        "phonenumbers",
        "shared.money",
        "shared.retention",
        "shared.signed_links",
        "shared.spoken_time",
    ),
    "models": ("sqlalchemy", "shared.database.base", "shared.retention"),
    "repository": (
        *(".domain", ".errors", ".models", "psycopg", "sqlalchemy"),
        *("shared.database.lists", "shared.ids", "shared.messaging.purging", "shared.retention"),
    ),
    "http": (
        *(".adapters", ".domain", ".errors", ".handlers", ".repository", ".settings", ".sources"),
        *("fastapi", "jinja2", "phonenumbers", "pydantic"),
        *("shared.api", "shared.clock", "shared.database.session", "shared.errors", "shared.ids", "shared.storage"),
        *("shared.calendar_file", "shared.downloads", "shared.signed_links", "shared.spoken_time"),
    ),
    "schedules": ("shared.contracts", "shared.schedules"),
    "settings": (".errors", "pydantic", "pydantic_settings", "shared.retention", "shared.settings"),
    "errors": ("shared.errors",),
}
"""The packages that each file may import besides the standard library and itself. A dot is the service's own."""

IMPURE = frozenset(
    {
        "http",
        "multiprocessing",
        "os",
        "pathlib",
        "smtplib",
        "socket",
        "ssl",
        "subprocess",
        "threading",
        "time",
        "urllib.request",
    }
)
"""Of the standard library, what rules do not touch: they are told the time, and never wait or write."""

WRITES_ABOUT_TABLES = ("alembic", "sqlalchemy")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom, packages from outside included."""
    return grimp.build_graph("services", "shared", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("role", ALLOWED)
@pytest.mark.parametrize("service", CONCERNS)
def test_each_file_imports_only_what_its_job_needs(graph: grimp.ImportGraph, service: str, role: str) -> None:
    """The table of the house, held: what is not in ALLOWED belongs into another file."""
    own = f"services.{service}"
    allowed = {f"{own}{name}" if name.startswith(".") else name for name in (*ALLOWED[role], f".{role}")}
    astray = [
        f"{module} imports {imported}"
        for module in _modules(graph, f"{own}.{role}")
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if imported.partition(".")[0] not in sys.stdlib_module_names
        and not any(imported == name or imported.startswith(f"{name}.") for name in allowed)
    ]
    assert not astray, f"{role} may import {ALLOWED[role]}, so this belongs elsewhere:\n" + "\n".join(astray)


@pytest.mark.parametrize("service", CONCERNS)
def test_rules_neither_look_at_the_clock_nor_at_the_world(graph: grimp.ImportGraph, service: str) -> None:
    """domain.py is told what it must know, so that a rule can be tested with nothing but values."""
    impure = [
        f"{module} imports {imported}"
        for module in _modules(graph, f"services.{service}.domain")
        for imported in sorted(graph.find_modules_directly_imported_by(module) & IMPURE)
    ]
    assert not impure, "pass it in as an argument:\n" + "\n".join(impure)


def test_migrations_stand_alone() -> None:
    """A revision says what was done once: models go on changing, so it never imports them."""
    migrations = [name for name in python_files("services", "shared") if "/migrations/" in name]
    astray = [
        f"{name} imports {imported}"
        for name in migrations
        for imported in _imports(name)
        if imported.partition(".")[0] not in {*WRITES_ABOUT_TABLES, *sys.stdlib_module_names}
    ]
    assert migrations
    assert not astray, f"a revision imports {WRITES_ABOUT_TABLES}, and writes types and names out:\n" + "\n".join(
        astray
    )


def test_every_worker_is_held_slim() -> None:
    """The contract that keeps FastAPI and Alembic out of workers names each process there is."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = next(contract["source_modules"] for contract in contracts if contract["id"] == "slim_workers")
    processes = {f"services.{main.parent.name}.__main__" for main in (ROOT / "services").glob("*/__main__.py")}
    not_workers = {"services.gateway.__main__", "services.console.__main__"}
    assert set(named) == processes - not_workers, "name it in the contract slim_workers of pyproject.toml"


def _modules(graph: grimp.ImportGraph, name: str) -> list[str]:
    """A module and, where it is a package, all below; nothing where the service has no such file."""
    return sorted({name, *graph.find_descendants(name)}) if name in graph.modules else []


def _imports(name: str) -> list[str]:
    imported: list[str] = []
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            imported.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.append("." * node.level + (node.module or ""))
    return imported
