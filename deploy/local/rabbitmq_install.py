"""Where a RabbitMQ comes from: the one installed, Debian's package, Docker; and Debian 13's for version 4."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.rabbitmq_runtimes import Debian, Docker, Installed, Runtime

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\n# bellhop: no service starts while RabbitMQ's package is installed\nexit 101\n"

NO_RABBITMQ = """\
No RabbitMQ can be had here. Do one of these:
  - install it (Debian, Ubuntu: sudo apt-get install rabbitmq-server; its own service is neither needed nor touched);
  - start Docker: a container is then used;
  - set RABBITMQ_URL to one that runs, for example RABBITMQ_URL=amqp://user:password@host:5672/%2F,
    and RABBITMQ_MANAGEMENT_URL to its management page;
  - set RABBITMQ_URL=memory:// to look around without one (nothing is kept, nothing is safe)."""

NO_RABBITMQ_4 = """\
No RabbitMQ 4 can be had here: it needs root and debootstrap (apt-get installs it), or a Docker engine that answers."""


def ensure_installed(say: Callable[[str], None] = print) -> Runtime:
    """The way to run RabbitMQ here, installing it first where that is needed and allowed.

    Raises LocalStackError, whose message says what to do, where none can be had.
    """
    found = find_installed()
    if found is None and may_install():
        with _one_at_a_time(), services_held_back():
            say("RabbitMQ: installing Debian's package (its own service stays off)")
            install("rabbitmq-server", say)
        found = find_installed()
    if found is not None:
        return found
    if docker_answers():
        say("RabbitMQ: using Docker")
        return Docker()
    raise LocalStackError(NO_RABBITMQ)


def ensure_version_4(say: Callable[[str], None] = print) -> Runtime:
    """RabbitMQ 4 from Debian 13, unpacked once into a cache folder; else from Docker."""
    root = cache_folder() / "debian-13-rabbitmq"
    if (root / "usr/lib/rabbitmq/bin/rabbitmq-server").exists() and os.getuid() == 0:
        return Debian(root=root)
    if may_install():
        _unpack_debian(root, say)
        return Debian(root=root)
    if docker_answers():
        return Docker()
    raise LocalStackError(NO_RABBITMQ_4)


def find_installed() -> Installed | None:
    """RabbitMQ's scripts, where Debian and Fedora put them, or where an unpacked archive in the path has them."""
    in_path = shutil.which("rabbitmq-server")
    folders = [Installed().scripts, *([Path(in_path).resolve().parent] if in_path else [])]
    found = [folder for folder in folders if (folder / "rabbitmq-env").exists()]
    return Installed(found[0]) if found else None


def may_install() -> bool:
    """Whether packages can be installed: root, on a system that has apt-get."""
    return os.getuid() == 0 and shutil.which("apt-get") is not None


def docker_answers() -> bool:
    """Whether there is a Docker engine, not only its client."""
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def install(package: str, say: Callable[[str], None]) -> None:
    """apt-get install; where that fails the lists of packages are fetched first and it is tried once more."""
    command = ["install", "--yes", "--no-install-recommends", package]
    done = _apt_get(*command)
    if done.returncode:
        say("apt-get: fetching the lists of packages")
        _apt_get("update")
        done = _apt_get(*command)
    if done.returncode:
        raise LocalStackError(f"apt-get could not install {package}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@contextmanager
def services_held_back(policy: Path = POLICY) -> Iterator[None]:
    """While this lasts no package may start its service (Debian Policy, `policy-rc.d`: 101 forbids).

    A policy that forbids it already is left alone; another one is put aside and put back.
    """
    if policy.exists() and policy.read_text(encoding="utf-8") != POLICY_TEXT and _forbids(policy):
        yield
        return
    aside = policy.with_name(policy.name + ".bellhop-aside")
    if policy.exists() and policy.read_text(encoding="utf-8") != POLICY_TEXT:
        policy.rename(aside)
    policy.write_text(POLICY_TEXT, encoding="ascii")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
        if aside.exists():
            aside.rename(policy)


def _forbids(policy: Path) -> bool:
    asked = subprocess.run([str(policy), "rabbitmq-server", "start"], capture_output=True, check=False)
    return asked.returncode == 101


def cache_folder() -> Path:
    """Where large things stay that can be fetched again (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bellhop"


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Several test processes may want the same at the same moment."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack_debian(root: Path, say: Callable[[str], None]) -> None:
    """Unpack into a folder beside, which is moved into place when it is whole; one at a time."""
    with _one_at_a_time():
        if root.exists():
            return
        if shutil.which("debootstrap") is None:
            install("debootstrap", say)
        say("RabbitMQ 4: unpacking Debian 13 into the cache (about a minute, once)")
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=root.parent))
        # A mount namespace of its own: what debootstrap mounts ends with it, even if it is killed.
        command = ["unshare", "--mount", "--propagation", "private", "debootstrap", "--variant=minbase"]
        command += ["--include=rabbitmq-server", "trixie", str(unfinished), *_mirror()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise LocalStackError(f"debootstrap failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        (unfinished / "etc" / "hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
        unfinished.chmod(0o755)
        unfinished.rename(root)


def _mirror() -> list[str]:
    """The mirror that apt uses for Debian; none (debootstrap then has its own default) on another system."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    uris = [line.partition(" ")[2] for line in listed.stdout.splitlines() if line.startswith("Debian ")]
    return [uri for uri in uris if "security" not in uri][:1]
