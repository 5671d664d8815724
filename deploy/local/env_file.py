"""Reads .run/env: lines of NAME=value, quoted for a shell."""

import shlex
from pathlib import Path


def read_env(file: Path) -> dict[str, str]:
    """The settings in force, by name."""
    values = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, quoted = line.partition("=")
        values[name] = "".join(shlex.split(quoted))
    return values
