"""Processes by identity: a pid alone may have passed to somebody else, a pid with its start time has not."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

STARTED_BY = "BELLHOP_STARTED_BY"
"""Who starts many things sets this, so that `marked()` finds all of them, and what they start in turn."""
POLL = 0.02
"""Seconds between two looks while waiting."""


@dataclass(frozen=True)
class Identity:
    """One process for as long as it lives; `started` is in clock ticks since boot (proc(5), field 22 of stat)."""

    pid: int
    started: int


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the third on; the second, the name, may hold blanks and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def identify(pid: int) -> Identity | None:
    """Who runs under this pid now; None if nobody does. A process that ended and was not waited for counts as ended."""
    fields = _stat(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    return Identity(pid, int(fields[19]))


def is_running(process: Identity) -> bool:
    """Whether this very process still lives."""
    return identify(process.pid) == process


def family(process: Identity) -> list[Identity]:
    """The process and everything it started, directly or not, the process itself first."""
    parents: dict[int, list[int]] = {}
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        fields = _stat(pid)
        if fields is not None:
            parents.setdefault(int(fields[1]), []).append(pid)
    members, at = [process.pid], 0
    while at < len(members):
        members += parents.get(members[at], [])
        at += 1
    return [found for found in map(identify, members) if found is not None]


def send(process: Identity, number: signal.Signals) -> bool:
    """Send a signal, unless the process is gone; says whether it was sent."""
    if not is_running(process):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
        return True
    return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look at the condition until it holds or the time is over; says whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def wait_until_gone(processes: Iterable[Identity], seconds: float) -> bool:
    """Wait until none of them lives; says whether that was reached."""
    watched = list(processes)
    return wait_until(lambda: not any(map(is_running, watched)), seconds)


def end(process: Identity, grace: float, first: signal.Signals = signal.SIGTERM) -> bool:
    """Ask the process to stop; kill it and its children if it has not after `grace` seconds.

    True if it went by itself.
    """
    send(process, first)
    if wait_until_gone([process], grace):
        return True
    kill_family(process)
    return False


def kill_family(process: Identity) -> None:
    """SIGKILL for the process and its children. It is halted first, so that it starts no more of them meanwhile."""
    send(process, signal.SIGSTOP)
    members = family(process)
    for member in members:
        send(member, signal.SIGKILL)
    wait_until_gone(members, 10)


def end_all(processes: Iterable[Identity], grace: float) -> None:
    """The same for many at once."""
    asked = list(processes)
    for process in asked:
        send(process, signal.SIGTERM)
    wait_until_gone(asked, grace)
    for process in asked:
        kill_family(process)


def marked(mark: str) -> list[Identity]:
    """Everybody who has `NAME=value` in the environment that it was started with, but for this process.

    It finds what a pid file cannot: a process whose starter was killed before it could write the pid down.
    """
    others = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and entry.name != str(os.getpid())]
    found = [identify(int(entry.name)) for entry in others if mark.encode() in _environment_of(entry)]
    return [process for process in found if process is not None]


def started_by() -> dict[str, str]:
    """The variable STARTED_BY, where it is set, for a process that is told nothing else of this one's environment."""
    return {STARTED_BY: os.environ[STARTED_BY]} if STARTED_BY in os.environ else {}


def _environment_of(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is somebody else's
        return []


def keep(process: Identity, file: Path) -> None:
    """Write down who runs, so that a later program can find it."""
    file.write_text(json.dumps({"pid": process.pid, "started": process.started}) + "\n", encoding="ascii")


def recall(file: Path) -> Identity | None:
    """The process written down in `file`, if it still lives."""
    try:
        kept = json.loads(file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    process = Identity(kept["pid"], kept["started"])
    return process if is_running(process) else None


class Guard:
    """Ends a server when its owner dies without having stopped it, however it dies.

    A small shell reads from a pipe that only the owner holds open; the end of the pipe is the end of the owner.
    """

    def __init__(self, processes: list[Identity], number: signal.Signals) -> None:
        pids = " ".join(str(process.pid) for process in processes)
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", f"read -r line; kill -{number.name[3:]} {pids}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """The owner stops the server itself."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
