"""A run that is interrupted leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.processes import Identity, end_all, family, identify, is_running, marked, wait_until
from tests.integration.support.interrupted import REPORT
from tests.support.reaper import ROOT
from tests.support.waiting import wait_for

SMALL_RUN = "tests/integration/support/interrupted.py"
ENOUGH_SECONDS = 240


def whole_group(run: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C in a terminal: everybody in the foreground gets it."""
    os.killpg(run.pid, signal.SIGINT)


def controller_only(run: "subprocess.Popen[bytes]") -> None:
    run.send_signal(signal.SIGINT)


def told_to_stop(run: "subprocess.Popen[bytes]") -> None:
    run.terminate()


def _start(folder: Path, *options: str) -> "subprocess.Popen[bytes]":
    """A run with servers of its own, in the foreground of a terminal that nobody looks at."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "BELLHOP_TEST_"))}
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, SMALL_RUN],
            cwd=ROOT,
            env={**inherited, REPORT: str(folder / "report")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_heed_interrupts,  # noqa: PLW1509 - no thread of ours holds a lock that it could need
        )


def _heed_interrupts() -> None:
    """As in a terminal: a shell's command in the background ignores them, and hands that on."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait_for_report(run: "subprocess.Popen[bytes]", folder: Path) -> dict[str, list[int]]:
    def told() -> bool:
        assert run.poll() is None, (folder / "output").read_text()
        return (folder / "report").exists()

    wait_for(told, ENOUGH_SECONDS, "the small run to start everything")
    report: dict[str, list[int]] = json.loads((folder / "report").read_text())
    return report


def _everybody(pids: list[int]) -> list[Identity]:
    """These processes and all that they started."""
    heads = [found for found in map(identify, pids) if found is not None]
    assert len(heads) == len(pids)
    return [member for head in heads for member in family(head)]


@pytest.mark.timeout(3 * ENOUGH_SECONDS)
@pytest.mark.parametrize(
    ("options", "interrupt"),
    [
        pytest.param(["-n", "0"], whole_group, id="ctrl-c, one process"),
        pytest.param(["-n", "2"], whole_group, id="ctrl-c, two workers"),
        pytest.param(["-n", "2"], controller_only, id="SIGINT, two workers"),
        pytest.param(["-n", "2"], told_to_stop, id="SIGTERM, two workers"),
    ],
)
def test_everything_that_an_interrupted_run_started_ends(
    tmp_path: Path, options: list[str], interrupt: Callable[["subprocess.Popen[bytes]"], None]
) -> None:
    """Its servers, its stack with the servers of that, its processes, and their folders."""
    run = _start(tmp_path, *options)
    started: list[Identity] = []
    try:
        report = _wait_for_report(run, tmp_path)
        started = _everybody([run.pid, *report["pids"]])
        interrupt(run)
        run.wait(ENOUGH_SECONDS)
        folders = [Path(str(report[name])) for name in ("folder", "test_folder")]
        gone = wait_until(
            lambda: not any(map(is_running, started)) and not any(map(Path.exists, folders)), ENOUGH_SECONDS
        )
        left = [_command(process) for process in started if is_running(process)]
    finally:
        run.kill()
        run.wait()
        end_all([*started, *marked(f"{REPORT}={tmp_path / 'report'}")], 10)
    assert (left, gone) == ([], True)


def _command(process: Identity) -> str:
    try:
        return Path(f"/proc/{process.pid}/cmdline").read_text(errors="replace").replace("\0", " ")[:120]
    except OSError:
        return ""
