"""One stack for all of these tests, started and stopped by the commands that `make up` and `make down` run."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.env_file import read_env
from tests.e2e.running import ROOT, RunningStack, surroundings


def _local(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", command, "--folder", str(folder)],
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The whole stack in a temporary folder, ready. Its database and queues are shared by all tests: each makes its own
    event and orders.
    """
    above = Path(tempfile.mkdtemp(prefix="bellhop-e2e-"))
    above.chmod(0o755)  # PostgreSQL does not run as root, and its own user has to get here
    folder = above / "run"
    try:
        started = _local("up", folder)
        assert started.returncode == 0, started.stdout + started.stderr
        yield RunningStack(folder, read_env(folder / "env"))
    finally:
        stopped = _local("down", folder)
        shutil.rmtree(above, ignore_errors=True)
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
