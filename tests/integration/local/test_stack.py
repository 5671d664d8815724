"""`up` and `down`, with a real PostgreSQL and services that only say that they are ready."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from deploy.local.processes import identify, marked, recall, wait_until
from deploy.local.run_folder import RunFolder
from deploy.local.settings import POOLS
from deploy.local.stack import answers_ready
from tests.integration.local.dummy_project import ROOT, DummyProject


class Stack:
    """`up` and `down` as a user calls them, in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.project = DummyProject(folder / "project")
        self.run = RunFolder(folder / "run")

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start it in the background."""
        code = f"commands.up(folder, {self.project.supervisor(self.run.path)!r}, folder.path)"
        return self._command(code)

    def down(self) -> subprocess.CompletedProcess[str]:
        """Stop it."""
        return self._command("commands.down(folder)")

    def _command(self, code: str) -> subprocess.CompletedProcess[str]:
        setting = (
            "from pathlib import Path; from deploy.local import commands; from deploy.local.run_folder import RunFolder"
        )
        text = f"{setting}; folder = RunFolder(Path({str(self.run.path)!r})); raise SystemExit({code})"
        return subprocess.run(
            [sys.executable, "-c", text],
            cwd=ROOT,
            env=self.project.surroundings(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def table(self) -> dict[str, dict[str, int]]:
        """processes.json by name."""
        return {entry["name"]: entry for entry in json.loads(self.run.processes.read_text(encoding="utf-8"))}

    def env(self) -> dict[str, str]:
        """The values in .run/env, as a shell reads them."""
        words = shlex.split(self.run.env.read_text(encoding="utf-8"))
        return dict(word.split("=", 1) for word in words)

    def told(self, service: str) -> dict[str, str]:
        """The environment that a service was started with."""
        told: dict[str, str] = json.loads((self.project.told / f"{service}.json").read_text(encoding="utf-8"))
        return told

    def kill_supervisor(self) -> None:
        """As a crash does."""
        supervisor = recall(self.run.supervisor)
        assert supervisor is not None
        os.kill(supervisor.pid, signal.SIGKILL)
        wait_until(lambda: identify(supervisor.pid) is None, 5)


@pytest.fixture
def stack(folder: Path) -> Iterator[Stack]:
    """A stack that is down, and down again after the test, whatever happened."""
    stack = Stack(folder)
    yield stack
    stack.down()


def test_up_returns_when_every_process_answers(stack: Stack) -> None:
    """processes.json lists them all, with the port that serves /readyz; a second `up` changes nothing."""
    first = stack.up()
    table = stack.table()
    names = [pool.name for pool in POOLS]
    ready = [answers_ready(table[name]["http_port"]) for name in names]
    second = stack.up()

    assert first.returncode == 0, first.stdout
    assert set(table) == {*names, "postgres", "mail_sink", "local_calcom", "local_retell"}
    assert all(ready)
    assert (second.returncode, stack.table()) == (0, table)


def test_what_was_chosen_survives_down_and_up(stack: Stack) -> None:
    """Key, secrets, ports and the data of PostgreSQL; the key was made once."""
    stack.up()
    before = stack.env()
    with psycopg.connect(before["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")

    stopped = stack.down()
    stack.up()
    with psycopg.connect(before["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT value FROM kept").fetchall()

    assert stopped.returncode == 0
    assert found == [(7,)]
    assert stack.env() == before
    assert (stack.project.told / "console.log").read_text().split() == ["migrate", "keys", "migrate"]


def test_each_process_is_told_only_what_it_needs(stack: Stack) -> None:
    """Its own database role; secrets where they are used; .run/env, for its owner only, has everything."""
    stack.up()
    env, payments, relay = stack.env(), stack.told("payments"), stack.told("relay")

    assert urlsplit(payments["DATABASE_URL"]).username == "bellhop_payments"
    assert urlsplit(relay["DATABASE_URL"]).username == "bellhop_relay"
    assert urlsplit(env["DATABASE_URL"]).username == "bellhop"
    assert stack.told("gateway")["PAYMENTS_STRIPE_WEBHOOK_SECRET"] == env["PAYMENTS_STRIPE_WEBHOOK_SECRET"]
    assert stack.told("notifications")["NOTIFICATIONS_FROM"] == "a@b.example"
    assert not {"SECRET_KEY", "PAYMENTS_STRIPE_WEBHOOK_SECRET", "NOTIFICATIONS_FROM"} & {*payments, *relay}
    assert stack.run.env.stat().st_mode & 0o777 == 0o600


def test_down_ends_what_a_killed_supervisor_left(stack: Stack) -> None:
    """Services, mail sink and PostgreSQL; another `down` is harmless."""
    stack.up()
    orphans = [identify(entry["pid"]) for entry in stack.table().values()]
    stack.kill_supervisor()

    ended, again = stack.down(), stack.down()

    assert None not in orphans
    assert [identify(orphan.pid) for orphan in orphans if orphan is not None] == [None] * len(orphans)
    assert "ended" in ended.stdout
    assert (again.returncode, again.stdout) == (0, "nothing runs\n")
    assert stack.table() == {}


def test_up_after_the_supervisor_was_killed_starts_anew(stack: Stack) -> None:
    """No process of before remains beside the new ones."""
    stack.up()
    before = {entry["pid"] for entry in stack.table().values()}
    stack.kill_supervisor()

    started = stack.up()
    after = {entry["pid"] for entry in stack.table().values()}

    assert started.returncode == 0, started.stdout
    assert [identify(pid) for pid in before] == [None] * len(before)
    assert len(after) == len(before)


def test_up_tells_what_is_wrong_and_leaves_nothing(stack: Stack) -> None:
    """A service that cannot start: its name and the end of its log, an exit code, and no process."""
    (stack.project.folder / "services" / "relay" / "__main__.py").write_text("raise SystemExit('no relay today')")

    failed = stack.up()

    assert failed.returncode == 1
    assert "not ready: relay" in failed.stdout
    assert "no relay today" in failed.stdout
    assert marked(stack.run.mark) == []
    assert stack.table() == {}
