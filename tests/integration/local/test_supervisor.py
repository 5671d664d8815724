"""The supervisor, with small processes of its own."""

import json
import os
import signal
import sys
from pathlib import Path

from deploy.local.processes import identify, wait_until
from deploy.local.supervisor import Program, Supervisor

SLEEP = "import time; time.sleep(60)"


def _program(folder: Path, name: str, code: str = SLEEP, http_port: int | None = None) -> Program:
    return Program(name, [sys.executable, "-c", code], dict(os.environ), folder / f"{name}.log", folder, http_port)


def _table(folder: Path) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = json.loads((folder / "processes.json").read_text(encoding="utf-8"))
    return entries


def test_killed_process_is_started_again_and_the_table_is_true(tmp_path: Path) -> None:
    """The table names the new pid; the neighbour keeps its own."""
    supervisor = Supervisor(tmp_path / "processes.json", say=lambda _: None)
    killed, neighbour = _program(tmp_path, "killed", http_port=20001), _program(tmp_path, "neighbour")
    supervisor.start(killed, neighbour)
    first, kept = killed.pid, neighbour.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    came_back = wait_until(lambda: killed.pid not in {None, first} and _table(tmp_path)[0]["pid"] == killed.pid, 10)
    table = _table(tmp_path)
    expected = [
        {"name": "killed", "pid": killed.pid, "http_port": 20001},
        {"name": "neighbour", "pid": kept, "http_port": None},
    ]
    supervisor.stop()

    assert came_back
    assert table == expected


def test_process_that_dies_at_once_is_not_started_in_a_hot_loop(tmp_path: Path) -> None:
    """It waits longer and longer, and is not in the table meanwhile."""
    supervisor = Supervisor(tmp_path / "processes.json", say=lambda _: None)
    supervisor.start(_program(tmp_path, "broken", "print('started')"))

    three_deaths = wait_until(lambda: supervisor.deaths("broken") == 3 and _table(tmp_path) == [], 10)
    starts = (tmp_path / "broken.log").read_text(encoding="utf-8").count("started")
    supervisor.stop()

    assert three_deaths
    assert starts == 3


def test_stop_ends_the_last_group_first(tmp_path: Path) -> None:
    """A service may still speak to its database while it stops; nothing is left running."""
    said: list[str] = []
    supervisor = Supervisor(tmp_path / "processes.json", said.append)
    database, service = _program(tmp_path, "database"), _program(tmp_path, "service")
    supervisor.start(database)
    supervisor.start(service)
    pids = [database.pid, service.pid]

    supervisor.stop()

    assert said == ["stopping service", "stopping database"]
    assert [identify(pid or 0) for pid in pids] == [None, None]
    assert _table(tmp_path) == []
