"""Restarting the services of a running stack one by one, as after a change of the code.

Each is told to stop and has its grace period for what it has begun; what it has not is handed back to its queue. The
supervisor starts it again, and only when it is ready does the next one stop. Database, broker and the stand-ins of
providers stay up.
"""

import json
import signal
from collections.abc import Callable
from typing import Any

from deploy.local.errors import LocalStackError
from deploy.local.processes import identify, recall, send, wait_until, wait_until_gone
from deploy.local.run_folder import RunFolder
from deploy.local.stack import answers_ready

STOP_SECONDS = 60.0
"""Longer than any process takes to stop: a worker has 30 s for what it began, and some more to hand back the rest."""
START_SECONDS = 90.0


def restart(folder: RunFolder, say: Callable[[str], None] = print) -> int:
    """Restart everything that serves a health port. 0 when all are ready again. Raises LocalStackError."""
    if recall(folder.supervisor) is None:
        raise LocalStackError("no supervisor runs, so nobody would start what is stopped: `make up` starts it")
    names = [entry["name"] for entry in listed(folder) if entry["http_port"] is not None]
    for name in names:
        restart_process(folder, name)
        say(f"{name}: restarted, ready")
    return 0


def restart_process(folder: RunFolder, name: str) -> None:
    """Stop one process, and return when its successor is ready. Raises LocalStackError where that takes too long."""
    former = entry_of(folder, name)
    process = None if former is None else identify(int(former["pid"]))
    if process is not None:
        send(process, signal.SIGTERM)
        if not wait_until_gone([process], STOP_SECONDS):
            raise LocalStackError(f"{name} has not stopped after {STOP_SECONDS:.0f} s; see {folder.log(name)}")

    def is_back() -> bool:
        entry = entry_of(folder, name)
        is_new = entry is not None and (former is None or entry["pid"] != former["pid"])
        return is_new and answers_ready(None if entry is None else entry["http_port"])

    if not wait_until(is_back, START_SECONDS):
        raise LocalStackError(f"{name} is not ready after {START_SECONDS:.0f} s; see {folder.log(name)}")


def listed(folder: RunFolder) -> list[dict[str, Any]]:
    """The processes that the supervisor runs now."""
    entries: list[dict[str, Any]] = json.loads(folder.processes.read_text(encoding="utf-8"))
    return entries


def entry_of(folder: RunFolder, name: str) -> dict[str, Any] | None:
    """One of them; None while it is not running."""
    return next((entry for entry in listed(folder) if entry["name"] == name), None)
