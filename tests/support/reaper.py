"""Ends what a run of tests has started once the run is gone, however it went: Ctrl-C, SIGTERM, a crash, or in order.

The run's processes are found by a variable in their environment, which each hands on to what it starts. A process of
its own looks after them: the run may be killed at any moment, and so may its fixtures.
"""

import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from deploy.local.processes import STARTED_BY, end_all, marked

ROOT = Path(__file__).resolve().parents[2]
IN_MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory. They outlive a process that is killed, as those on a disk do."""
GRACE_SECONDS = 15.0
LONGEST_SECONDS = 300.0


def watch_over_this_run() -> None:
    """Mark this process' environment as the run's, and start the process that outlives it: nobody waits for that one."""
    name = uuid4().hex[:12]
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "tests.support.reaper", str(os.getpid()), name],
        {**os.environ, "PYTHONPATH": str(ROOT)},
        file_actions=[(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)],
        setsid=True,
    )
    os.environ[STARTED_BY] = name


def prefix_of(what: str) -> str:
    """How the name of a temporary folder of this run begins. It is removed with the run."""
    return f"bellhop-{what}-{os.environ[STARTED_BY]}-"


def reap(pid: int, name: str) -> None:
    """Wait until this process has ended; then end everything that bears the mark, and remove its folders."""
    _wait_for_the_end(pid)
    deadline = time.monotonic() + LONGEST_SECONDS
    while (left := marked(f"{STARTED_BY}={name}")) and time.monotonic() < deadline:
        end_all(left, GRACE_SECONDS)
    for place in (Path(tempfile.gettempdir()), IN_MEMORY):
        for folder in place.glob(f"bellhop-*-{name}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for_the_end(pid: int) -> None:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    select.select([process], [], [])
    os.close(process)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    reap(int(sys.argv[1]), sys.argv[2])
