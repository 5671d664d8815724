"""The stack on this machine, which deploy.local runs."""

import subprocess
import sys


def local(command: str) -> int:
    """Run `python -m deploy.local <command>` in the foreground. Returns its exit code."""
    return subprocess.run([sys.executable, "-m", "deploy.local", command], check=False).returncode
