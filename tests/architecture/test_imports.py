"""Importing a module defines things, and does nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.architecture.source import ROOT, python_files

TOO_FAT_FOR_A_WORKER = {"alembic", "fastapi", "starlette", "typer", "uvicorn"}
"""Their imports alone were tens of megabytes in every process."""

NOT_MODULES = ("/migrations/", "/alembic/", "/rivals/")
"""Files that others execute: Alembic its revisions, the benchmarks their rivals in an environment of their own."""


def test_importing_anything_has_no_effect() -> None:
    """No connection, no thread, no process, no file, no look at the environment: a test or a tool may import it all."""
    modules = [_module(name) for name in python_files() if not any(mark in name for mark in NOT_MODULES)]
    effects = _import(name for name in modules if not name.startswith("tests.") or _is_support(name))["effects"]
    assert not effects, "move it into a function that main() calls:\n" + "\n".join(effects)


def test_workers_load_neither_the_web_nor_the_migrations() -> None:
    """What is imported by name, and so invisible to import-linter, counts as well."""
    mains = [f"services.{main.parent.name}.__main__" for main in (ROOT / "services").glob("*/__main__.py")]
    workers = [name for name in mains if name not in {"services.gateway.__main__", "services.console.__main__"}]
    loaded = {name.partition(".")[0] for name in _import(workers)["loaded"]}
    assert not loaded & TOO_FAT_FOR_A_WORKER, "import it in the function of the console or the gateway that needs it"


def test_a_module_that_does_something_is_found(tmp_path: Path) -> None:
    """The watch itself sees a thread, a file, settings and a look at the environment."""
    guilty = (
        "import os, threading\n"
        "from services.relay.settings import RelaySettings\n"
        "os.getenv('HOME')\n"
        "RelaySettings()\n"
        "threading.Thread(target=print).start()\n"
        "open('new', 'w').close()\n"
    )
    package = ROOT / "tests" / "architecture"
    probe = subprocess.run(
        [sys.executable, "-c", _UNDER_WATCH, str(package / "guilty.py"), guilty],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    effects = "\n".join(json.loads(probe.stdout.splitlines()[-1])["effects"])
    expected = ("reads HOME of", "reads all of", "causes threading.Thread.start", "causes open('new', 'w'")
    assert [what for what in expected if what not in effects] == []


_UNDER_WATCH = """
import sys, types
from tests.architecture import watched_imports as watch
_, path, text = sys.argv
def execute(name):
    exec(compile(text, path, "exec"), {"__name__": name})
watch.importlib = types.SimpleNamespace(import_module=execute)
sys.argv = ["watched_imports", "guilty"]
watch.main()
"""
"""Executes a text as if it were a module of ours, so that no guilty file has to lie about."""


def _import(modules: Iterable[str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.architecture.watched_imports", *modules],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _is_support(name: str) -> bool:
    """Test files are pytest's to import, in its own way."""
    return name.startswith(("tests.support.", "tests.toyshop", "tests.architecture.source"))
