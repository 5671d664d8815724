"""Processes started as a user starts them, with their logs kept for the failing test's report."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.ports import free_port
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Process:
    """One Python process of ours. `log` is its output."""

    module: str
    popen: subprocess.Popen[bytes]
    log: Path
    http_port: int

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def is_alive(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self.is_alive:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)

    def terminate(self, seconds: float = 40) -> int:
        """SIGTERM, and wait for its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)

    def readiness(self) -> tuple[int, Any]:
        return _get(f"http://127.0.0.1:{self.http_port}/readyz")

    def wait_ready(self, seconds: float = 20) -> "Process":
        def ready() -> bool:
            if not self.is_alive:
                raise AssertionError(f"{self.module} ended: {self.text()[-2000:]}")
            return self.readiness()[0] == 200

        wait_for(ready, seconds, f"{self.module} to be ready")
        return self

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """Its log, line by line."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]


def _get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError as error:
        return 0, str(error)


@dataclass
class Processes:
    """Starts processes with one environment, and ends them all."""

    folder: Path
    environment: Mapping[str, str]
    started: list[Process] = field(default_factory=list)

    def start(self, module: str, *arguments: str, **environment: str) -> Process:
        port = free_port()
        log = self.folder / f"{module}.{len(self.started)}.log"
        base = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "RABBITMQ_"))}
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env={**base, "HTTP_PORT": str(port), "HTTP_HOST": "127.0.0.1", **self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process = Process(module, popen, log, port)
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in reversed(self.started):
            process.kill()


@contextmanager
def processes(folder: Path, environment: Mapping[str, str]) -> Iterator[Processes]:
    """Every process started inside is ended at the end of the block."""
    group = Processes(folder, environment)
    try:
        yield group
    finally:
        group.end()
