"""Connections that wait for an answer that cannot come: found by asking the server, and cut.

TCP's own timers notice a machine that is gone. They notice nothing where something in between still acknowledges (a
proxy, a load balancer, a server that was replaced behind one), and libpq has no deadline for an answer. So where a
connection has waited for some seconds, the server is asked over a fresh one what it does for it. If it has long been
idle, or has never heard of it, the answer or the question was lost: the socket is shut, whoever waits gets an error
as from any lost connection, and the transaction that was left behind is ended, so that its locks are free.
A slow statement is left alone: the server works for it.
"""

import contextlib
import os
import select
import socket
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

LOOK_SECONDS = 2.0
PATIENCE_LOOKS = 4
"""A connection that was waiting at so many looks in a row is asked about."""
IDLE_SECONDS = 5.0

_ASK = """
SELECT pid, state = 'active' OR state_change > clock_timestamp() - make_interval(secs => %s)
FROM pg_stat_activity WHERE pid = ANY(%s) AND usename = current_user
"""
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s) AND usename = current_user"


@dataclass
class _Watched:
    connection: "weakref.ref[psycopg.Connection[Any]]"
    looks: int = 0


class SilenceWatch:
    """Looks after connections in a thread of its own, which starts with the first of them."""

    def __init__(self, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._watched: list[_Watched] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, connection: psycopg.Connection[Any]) -> None:
        """Watch a connection until it is closed or forgotten."""
        with self._lock:
            self._watched.append(_Watched(weakref.ref(connection)))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="silence-watch", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self._look_seconds):
            try:
                self.look()
            except psycopg.Error as error:
                # Nobody answers at all: those who wait go on waiting, until TCP's timers end it or a server is there.
                structlog.get_logger("bellhop.database").debug("cannot ask about silence", error=repr(error))

    def look(self) -> None:
        """One look. Raises psycopg.Error where the server cannot be asked."""
        suspects: dict[str, list[psycopg.Connection[Any]]] = {}
        for watched in self._open():
            connection = watched.connection()
            if connection is None or not _waits(connection):
                watched.looks = 0
                continue
            watched.looks += 1
            if watched.looks >= PATIENCE_LOOKS:
                suspects.setdefault(_conninfo(connection), []).append(connection)
        for conninfo, connections in suspects.items():
            _ask_about(conninfo, connections)

    def _open(self) -> Sequence[_Watched]:
        with self._lock:
            self._watched = [
                one for one in self._watched if (connection := one.connection()) is not None and not connection.closed
            ]
            return tuple(self._watched)


def _ask_about(conninfo: str, connections: Sequence[psycopg.Connection[Any]]) -> None:
    by_pid = {connection.info.backend_pid: connection for connection in connections}
    with psycopg.connect(conninfo, autocommit=True, connect_timeout=3) as asking:
        own = asking.execute("SELECT pg_backend_pid()").fetchone()
        if own is None or own[0] != asking.info.backend_pid:
            return  # a pooler in between numbers connections in its own way
        at_work = {pid for pid, works in asking.execute(_ASK, (IDLE_SECONDS, list(by_pid))).fetchall() if works}
        silent = [pid for pid, one in by_pid.items() if pid not in at_work and _waits(one)]
        for pid in silent:
            _cut(by_pid[pid])
        if silent:
            asking.execute(_END, (silent,))
            structlog.get_logger("bellhop.database").warning("cut connections without an answer", pids=silent)


def _waits(connection: psycopg.Connection[Any]) -> bool:
    """Whether an answer is outstanding and nothing of it has come: what has come, its reader just has not read yet."""
    with contextlib.suppress(psycopg.Error, OSError, ValueError):
        if connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return False
        poll = select.poll()
        poll.register(connection.pgconn.socket, select.POLLIN)
        return not poll.poll(0)
    return False


def _conninfo(connection: psycopg.Connection[Any]) -> str:
    """The same server and login, without the role that the connection took on: only the login sees its own backends."""
    info = connection.info
    parameters = {
        **info.get_parameters(),
        "password": info.password,
        "options": "",
        "application_name": "bellhop-watch",
    }
    return make_conninfo("", **parameters)


def _cut(connection: psycopg.Connection[Any]) -> None:
    """Shut the socket under libpq: whoever waits on it reads an end."""
    with contextlib.suppress(psycopg.Error, OSError):
        handle = os.dup(connection.pgconn.socket)
        with socket.socket(fileno=handle) as same:
            if not connection.closed:
                same.shutdown(socket.SHUT_RDWR)


_WATCH = SilenceWatch()


def watch(connection: psycopg.Connection[Any]) -> None:
    """Have this process look after a connection."""
    _WATCH.add(connection)
