"""One stack for all of these tests, started and stopped by the commands that `make up` and `make down` run."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.env_file import read_env
from tests.e2e.running import ROOT, RunningStack, surroundings
from tests.support.reaper import prefix_of

SETTINGS = {"APPOINTMENTS_CALCOM_PER_MINUTE": "10000"}
"""These tests do in one minute what a practice does in a day."""


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The whole stack in a temporary folder, ready: one for all processes of a run that is spread over several.

    Its database and queues are shared by all tests, which may run beside each other: each makes its own event and orders.
    """
    above = Path(tempfile.gettempdir()) / f"{prefix_of('e2e')}stack"
    me = above / "users" / f"{os.getpid()}"
    try:
        with _held(above):
            me.touch()
            _local("up", above / "run")
        yield RunningStack(above / "run", read_env(above / "run" / "env"))
    finally:
        with _held(above):
            me.unlink()
            if not [user for user in me.parent.iterdir() if Path("/proc", user.name).exists()]:
                _local("down", above / "run")
                shutil.rmtree(above)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Nobody else starts or stops the stack in this folder meanwhile."""
    (folder / "users").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # PostgreSQL does not run as root, and its own user has to get here
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _local(command: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", command, "--folder", str(folder)],
        cwd=ROOT,
        env={**surroundings(), **SETTINGS},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
