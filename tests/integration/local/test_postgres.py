"""A PostgreSQL of one's own."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from deploy.local.postgres import Postgres
from deploy.local.postgres_home import home_of
from deploy.local.processes import Identity, family, identify, wait_until_gone


def _family(server: Postgres) -> list[Identity]:
    process = identify(server.pid or 0)
    assert process is not None
    return family(process)


def test_what_was_committed_outlives_a_kill(folder: Path) -> None:
    """SIGKILL for the whole server in the middle of its life loses no commit."""
    with Postgres(folder) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (value int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        server.kill()
        server.start()
        with psycopg.connect(server.url) as connection:
            found = connection.execute("SELECT value FROM kept").fetchall()

    assert found == [(7,)]


def test_kill_leaves_no_process(folder: Path) -> None:
    """The children of the server die with it."""
    server = Postgres(folder)
    server.start()
    members = _family(server)

    server.kill()

    assert len(members) > 3
    assert wait_until_gone(members, 0)
    assert server.pid is None


def test_stop_leaves_no_process(folder: Path) -> None:
    """Nor does a stop in order, which may be asked for twice."""
    server = Postgres(folder)
    server.start()
    members = _family(server)

    server.stop()
    server.stop()

    assert wait_until_gone(members, 0)
    assert server.pid is None


def test_address_is_kept(folder: Path) -> None:
    """Port and password are chosen once for a folder."""
    assert Postgres(folder).url == Postgres(folder).url


def test_it_is_as_durable_as_in_production(folder: Path) -> None:
    """Crash tests on a server that does not sync would show nothing."""
    with Postgres(folder) as server, psycopg.connect(server.url) as connection:
        names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
        values = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]

    assert values == [("on",), ("on",), ("on",), ("127.0.0.1",)]


def test_place_that_the_servers_user_cannot_reach_is_no_obstacle(folder: Path) -> None:
    """Root's own home is such a place. What had to lie elsewhere for it is removed once the folder has gone."""
    homes = []
    for name in ("first", "second"):
        closed = folder / name
        closed.mkdir(mode=0o700)
        with Postgres(closed / "postgres") as server, psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        homes.append(home_of(closed / "postgres"))
        shutil.rmtree(closed)
    existing = [home.exists() for home in homes]
    shutil.rmtree(homes[1], ignore_errors=True)

    assert existing == [False, os.getuid() == 0]


def test_server_ends_when_its_starter_is_killed(folder: Path) -> None:
    """Also kill -9 of a test run leaves no server behind."""
    starter = (
        "import os, pathlib, sys; from deploy.local.postgres import Postgres;"
        "server = Postgres(pathlib.Path(sys.argv[1])); server.start(); print(server.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        server = identify(int(process.stdout.readline()))
        assert server is not None
        os.kill(process.pid, signal.SIGKILL)

    assert wait_until_gone([server], 10)


def test_server_of_a_killed_starter_is_found_by_its_data(folder: Path) -> None:
    """A pid that was never written down does not keep the next server from starting."""
    first = Postgres(folder)
    first.start()
    unrecorded = identify(first.pid or 0)
    assert unrecorded is not None
    (folder / "process.json").unlink()

    with Postgres(folder) as second:
        pid = second.pid
    first.stop()

    assert pid not in {None, unrecorded.pid}
    assert wait_until_gone([unrecorded], 0)
