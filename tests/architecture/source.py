"""The project's own files, as these tests read them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def project_files() -> tuple[str, ...]:
    """Every file that is, or is about to be, under version control, relative to the project's root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    names = sorted({name for name in listed.stdout.split("\0") if name})
    return tuple(name for name in names if (ROOT / name).is_file())


def python_files(*folders: str) -> list[str]:
    """The Python files below these folders; all of the project's without any."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    return [name for name in project_files() if name.endswith(".py") and name.startswith(prefixes or "")]


@cache
def text_of(name: str) -> str:
    """A file's text. What is not UTF-8 is replaced: images are files of the project too."""
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


@cache
def tree_of(name: str) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(text_of(name), filename=name)


def functions_in(name: str) -> Iterator[Function]:
    """Every function and method of a file."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, Function):
            yield node


def lines_of(node: ast.stmt) -> int:
    """How many lines a statement has; of a function, without its decorators."""
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1
