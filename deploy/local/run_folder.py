"""The folder .run/: everything that the local stack keeps."""

import fcntl
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.ports import free_port


class RunFolder:
    """Where things are, and what is chosen once: ports and secrets."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.mail = self.path / "mail"
        self.storage = self.path / "storage"
        self.env = self.path / "env"
        self.processes = self.path / "processes.json"
        self.supervisor = self.path / "supervisor.json"
        self.ready = self.path / "ready"

    def make(self) -> None:
        """Make the folders that must be there before anything starts."""
        for folder in (self.path, self.logs, self.mail, self.storage):
            folder.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.logs / f"{name}.log"

    def port(self, name: str) -> int:
        """The port of one process, chosen the first time and kept in ports.json."""
        ports = self.ports()
        if name not in ports:
            taken = set(ports.values())
            ports[name] = next(port for port in iter(free_port, None) if port not in taken)
            _replace(self.path / "ports.json", json.dumps(ports, indent=1))
        return ports[name]

    def ports(self) -> dict[str, int]:
        """All ports chosen so far."""
        return _read(self.path / "ports.json")

    def secret(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
        """A secret, made up the first time and kept in secrets.json, which only its owner may read."""
        kept: dict[str, str] = _read(self.path / "secrets.json")
        if name not in kept:
            kept[name] = make()
            _replace(self.path / "secrets.json", json.dumps(kept, indent=1), secret=True)
        return kept[name]

    def api_key(self, database_url: str, make: Callable[[], str]) -> str:
        """The API key of the demo organisation in this database; another database needs another key."""
        database = hashlib.sha256(database_url.encode()).hexdigest()[:16]
        return self.secret(f"BELLHOP_API_KEY@{database}", make)

    @property
    def mark(self) -> str:
        """A variable in the environment of every process that is started for this folder, by which it is found."""
        return f"BELLHOP_RUN={self.path}"

    def write_env(self, text: str) -> None:
        """Replace .run/env, readable by its owner only."""
        _replace(self.env, text, secret=True)

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Hold the folder for one supervisor; False if another one holds it. A dead one holds nothing."""
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _replace(file: Path, text: str, *, secret: bool = False) -> None:
    beside = file.with_name(file.name + ".new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600 if secret else 0o644)
    beside.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    beside.replace(file)
