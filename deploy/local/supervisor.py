"""Keeps processes running: starts them, starts them again when they die, says which pids they have, stops them."""

import contextlib
import json
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local.errors import LocalStackError
from deploy.local.processes import end, identify

LOOK_SECONDS = 0.1
"""How long to wait before another look at what runs under no pid, or under one that cannot be watched."""


class Managed(Protocol):
    """What can be kept running. `http_port` serves /metrics, /healthz and /readyz; None where there is none."""

    @property
    def name(self) -> str: ...
    @property
    def http_port(self) -> int | None: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def has_ended_in_order(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def _stand_back(pid: int, niceness: int) -> None:
    """Let a process that leads its session wait for the others. Linux may share processors out by session first, and
    between sessions only the number in `autogroup` counts (sched(7)).
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")


@dataclass
class Program:
    """A program of ours as a process in a session of its own; both its outputs are appended to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path
    http_port: int | None = None
    niceness: int = 0
    """How far it stands back where processors are scarce: nice(1)."""
    grace: float = 35.0
    """Seconds to end by itself after SIGTERM; a worker's own grace period is 30."""
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """None as long as it does not run."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    @property
    def has_ended_in_order(self) -> bool:
        """Whether it went by itself, or because it was asked to: a worker at its limits, a restart."""
        return self._child is not None and self._child.poll() == 0

    def start(self) -> None:
        """Start it, unless it runs."""
        if self.pid is None:
            with self.log.open("ab") as log:
                self._child = subprocess.Popen(
                    list(self.command),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    env=dict(self.environment),
                    start_new_session=True,
                )
            if self.niceness:
                _stand_back(self._child.pid, self.niceness)

    def stop(self) -> None:
        """SIGTERM, then, after the grace period, SIGKILL for it and its children."""
        process = identify(self.pid) if self.pid is not None else None
        if process is not None:
            end(process, self.grace)
        if self._child is not None:
            self._child.wait()


@dataclass
class Server:
    """A database or a broker under a name."""

    name: str
    server: "Startable"
    http_port: int | None = None
    has_ended_in_order: bool = False
    """A server that is gone is missed, however it went."""

    @property
    def pid(self) -> int | None:
        """None as long as it does not run."""
        return self.server.pid

    def start(self) -> None:
        """Start it anew: one that runs is left over from a supervisor that was killed."""
        self.server.stop()
        self.server.start()

    def stop(self) -> None:
        """Stop it in order."""
        self.server.stop()


class Startable(Protocol):
    """Postgres, RabbitMQ."""

    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Backoff:
    """How long to wait before the next start: not at all at first, then longer and longer."""

    delays: Sequence[float] = (0, 0.5, 1, 2, 4, 5)
    reset_after: float = 30.0
    """Seconds of life after which a death counts as the first again."""
    least_life: float = 1.0
    deaths: int = 0

    def after(self, lived: float, *, in_order: bool = False) -> float:
        """The seconds to wait after a process that lived so long; none after one that ended in order, unless at once."""
        if in_order and lived >= self.least_life:
            self.deaths = 0
            return 0
        self.deaths = 1 if lived >= self.reset_after else self.deaths + 1
        return self.delays[min(self.deaths, len(self.delays)) - 1]


class Supervisor:
    """Keeps groups of processes running and `table` true: a JSON list of name, pid and http_port of each that runs."""

    def __init__(self, table: Path, say: Callable[[str], None] = print) -> None:
        self._table = table
        self._say = say
        self._groups: list[Sequence[Managed]] = []
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._deaths: dict[str, int] = {}
        self._awake, wake = os.pipe()
        self._wake: int | None = wake

    def start(self, *group: Managed) -> None:
        """Start them, all at once, and keep them from now on. Raises what the first start of one of them raises."""
        self._groups.append(group)
        with ThreadPoolExecutor(max_workers=max(len(group), 1)) as pool:
            for started in [pool.submit(managed.start) for managed in group]:
                started.result()
        self._write()
        for managed in group:
            thread = threading.Thread(target=self._keep, args=[managed], name=f"keep {managed.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def deaths(self, name: str) -> int:
        """How often in succession this process has died."""
        return self._deaths.get(name, 0)

    def stop(self) -> None:
        """Stop all groups, the last one first, the members of a group at the same time."""
        self._stopping.set()
        if self._wake is not None:
            os.close(self._wake)
        for thread in self._threads:
            thread.join()
        if self._wake is not None:
            os.close(self._awake)
            self._wake = None
        for group in reversed(self._groups):
            if group:
                self._say(f"stopping {', '.join(managed.name for managed in group)}")
                with ThreadPoolExecutor(max_workers=len(group)) as pool:
                    list(pool.map(lambda managed: managed.stop(), group))
                self._write()
        self._groups.clear()

    def _keep(self, managed: Managed) -> None:
        backoff, since = Backoff(), time.monotonic()
        while not self._stopping.is_set():
            if managed.pid is not None:
                self._wait_for_death(managed.pid)
                continue
            in_order = managed.has_ended_in_order
            delay = backoff.after(time.monotonic() - since, in_order=in_order)
            self._deaths[managed.name] = backoff.deaths
            how = "ended" if in_order else "died"
            self._say(f"{managed.name}: {how}; started again {f'in {delay} s' if delay else 'at once'}")
            if delay:
                self._write()
                if self._stopping.wait(delay):
                    return
            since = time.monotonic()
            try:
                managed.start()
            except (LocalStackError, OSError) as error:
                self._say(f"{managed.name}: {error}")
            self._write()

    def _wait_for_death(self, pid: int) -> None:
        """Until this process is gone, or all are to stop: asleep, where the system can tell (Linux 5.3)."""
        try:
            process = os.pidfd_open(pid)
        except OSError:
            self._stopping.wait(LOOK_SECONDS)
            return
        try:
            changes = select.poll()
            for descriptor in (process, self._awake):
                changes.register(descriptor, select.POLLIN)
            changes.poll()
        finally:
            os.close(process)

    def _write(self) -> None:
        """Replace the table in one step: whoever reads it sees the old or the new one."""
        with self._lock:
            members = [managed for group in self._groups for managed in group]
            running = [{"name": each.name, "pid": each.pid, "http_port": each.http_port} for each in members]
            running = [entry for entry in running if entry["pid"] is not None]
            beside = self._table.with_suffix(".new")
            beside.write_text(json.dumps(running, indent=1) + "\n", encoding="utf-8")
            beside.replace(self._table)
