"""Processes by identity."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deploy.local.processes import (
    end,
    end_all,
    family,
    identify,
    is_running,
    keep,
    kill_family,
    marked,
    recall,
    wait_until,
)

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


@contextmanager
def _running(*command: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    surroundings = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=surroundings, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_pid_that_passed_to_another_process_is_not_taken_for_the_first() -> None:
    """The start time tells them apart, so the newcomer is never signalled."""
    with _running("sleep", "60") as process:
        newcomer = identify(process.pid)
        assert newcomer is not None
        former = replace(newcomer, started=newcomer.started - 1)

        end(former, 1, signal.SIGKILL)

        assert not is_running(former)
        assert is_running(newcomer)


def test_ended_process_that_nobody_waited_for_counts_as_ended() -> None:
    """A zombie holds a pid and does nothing."""
    with _running("true") as process:
        assert wait_until(lambda: identify(process.pid) is None, 10)


def test_process_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    """`end` says that it did not go by itself."""
    with _running(sys.executable, "-c", STUBBORN) as process:
        assert process.stdout is not None
        process.stdout.readline()
        stubborn = identify(process.pid)
        assert stubborn is not None

        went = end(stubborn, 0.1)

        assert not went
        assert not is_running(stubborn)


def test_children_are_killed_with_their_parent() -> None:
    """Also grandchildren."""
    with _running("sh", "-c", "sh -c 'sleep 60 & echo; wait' & wait") as process:
        assert process.stdout is not None
        process.stdout.readline()
        parent = identify(process.pid)
        assert parent is not None
        members = family(parent)

        kill_family(parent)

        assert len(members) == 3
        assert not any(map(is_running, members))


def test_marked_processes_are_found_and_ended(tmp_path: Path) -> None:
    """By a variable of their environment, whoever their parent is now."""
    with _running("sleep", "60", BELLHOP_MARK=str(tmp_path)) as process:
        found = marked(f"BELLHOP_MARK={tmp_path}")
        end_all(found, 5)

        assert [each.pid for each in found] == [process.pid]
        assert marked(f"BELLHOP_MARK={tmp_path}") == []


def test_process_that_was_written_down_is_recalled_while_it_lives(tmp_path: Path) -> None:
    """And forgotten afterwards."""
    with _running("sleep", "60") as process:
        running = identify(process.pid)
        assert running is not None
        keep(running, tmp_path / "kept.json")
        recalled = recall(tmp_path / "kept.json")
        kill_family(running)

        assert recalled == running
        assert recall(tmp_path / "kept.json") is None
