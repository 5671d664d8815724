"""`up`, `down`, `status`, `run`: what can be asked of the local stack. Each returns an exit code."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from deploy.local.errors import LocalStackError
from deploy.local.processes import Identity, end, identify, is_running, keep, recall
from deploy.local.run_folder import RunFolder
from deploy.local.settings import Settings
from deploy.local.stack import Stack, answers_ready, end_leftovers

STOP_SECONDS = 120
Say = Callable[[str], None]


class StopRequested(BaseException):
    """SIGTERM or SIGINT came. Like KeyboardInterrupt no error, so nothing that handles errors catches it."""


def say(line: str) -> None:
    """One progress line, seen at once also in a file."""
    print(line, flush=True)


def run(folder: RunFolder, make: Callable[[], Stack]) -> int:
    """Be the supervisor, in the foreground, until SIGTERM or SIGINT: start everything, keep it, stop everything."""
    folder.make()
    with folder.hold() as held:
        if not held:
            say("another supervisor holds this folder")
            return 1
        myself = identify(os.getpid())
        assert myself is not None, "this process runs"
        folder.ready.unlink(missing_ok=True)
        keep(myself, folder.supervisor)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _request_stop)
        try:
            return _supervise(folder, make())
        finally:
            folder.ready.unlink(missing_ok=True)
            folder.supervisor.unlink(missing_ok=True)


def _supervise(folder: RunFolder, stack: Stack) -> int:
    try:
        stack.up()
        folder.ready.touch()
        threading.Event().wait()
    except StopRequested:
        return 0
    except LocalStackError as error:
        say(f"failed: {error}")
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        stack.stop()
    return 0


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequested


def up(folder: RunFolder, command: list[str], project: Path) -> int:
    """Start the supervisor (`command`) in the background, show what it says, and return when all is ready."""
    folder.make()
    log = folder.log("supervisor")
    shown = log.stat().st_size if log.exists() else 0
    process = recall(folder.supervisor)
    if process is not None and folder.ready.exists():
        say(f"Bellhop is up already; its addresses are in {folder.env}")
        return 0
    if process is None:
        folder.ready.unlink(missing_ok=True)
        process = _spawn(command, log, project)
    try:
        _follow(
            log, shown, until=lambda: folder.ready.exists() or not (is_running(process) or recall(folder.supervisor))
        )
    except KeyboardInterrupt:
        end(process, STOP_SECONDS)
        return 130
    return 0 if folder.ready.exists() else 1


def _spawn(command: list[str], log: Path, project: Path) -> Identity:
    with log.open("ab") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=project, start_new_session=True
        )
    process = identify(child.pid)
    if process is None:
        raise LocalStackError(f"the supervisor ended at once; see {log}")
    return process


def down(folder: RunFolder) -> int:
    """Stop the supervisor and with it everything; end what a supervisor that was killed has left."""
    folder.make()
    log = folder.log("supervisor")
    shown = log.stat().st_size if log.exists() else 0
    process = recall(folder.supervisor)
    if process is not None:
        _stop(process, log, shown)
    left = end_leftovers(folder)
    for file in (folder.ready, folder.supervisor):
        file.unlink(missing_ok=True)
    folder.processes.write_text("[]\n", encoding="ascii")
    if left:
        say(f"ended {left} processes that nobody looked after any more")
    say("Bellhop is down; its data stays" if process is not None or left else "nothing runs")
    return 0


def _stop(process: Identity, log: Path, shown: int) -> None:
    stopping = threading.Thread(target=end, args=[process, STOP_SECONDS])
    stopping.start()
    _follow(log, shown, until=lambda: not stopping.is_alive())
    stopping.join()


def status(folder: RunFolder) -> int:
    """One line for each process; 0 only if the supervisor runs and every process is ready."""
    process = recall(folder.supervisor)
    listed = json.loads(folder.processes.read_text(encoding="utf-8")) if folder.processes.exists() else []
    for entry in listed:
        state = "ready" if answers_ready(entry["http_port"]) else "not ready"
        say(f"{entry['name']:<14} pid {entry['pid']:<8} port {entry['http_port'] or '-':<6} {state}")
    if process is None:
        say("no supervisor runs: `make up` starts it")
        return 1
    return 0 if all(answers_ready(entry["http_port"]) for entry in listed) else 1


def _follow(log: Path, shown: int, until: Callable[[], bool]) -> None:
    """Print what is added to the log, until the condition holds."""
    with log.open("rb") as text:
        text.seek(shown)
        over = False
        while not over:
            over = until()
            sys.stdout.write(text.read().decode(errors="replace"))
            sys.stdout.flush()
            if not over:
                time.sleep(0.05)


def stack_of(folder: RunFolder, project: Path) -> Stack:
    """The stack of this project with the settings of the environment."""
    return Stack(folder, project, Settings(), say)
