"""A worker announces itself in messaging.worker: which queues it serves, and with how many threads; and what it has been
at for over a second, in messaging.running.

The relay reads from it how much a queue's pool can take, and people which workers are up. A row that was not refreshed
for a while is of a process that was killed.
"""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

import structlog
from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from shared.ids import new_id
from shared.messaging.in_flight import InFlight
from shared.messaging.running import HELD_SECONDS, Running

REFRESH_SECONDS = 10.0
STOP_SECONDS = 5.0

_BE_SEEN = text("""
INSERT INTO messaging.worker (id, service, queues, threads, prefetch, host, pid)
VALUES (:id, :service, :queues, :threads, :prefetch, :host, :pid)
ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()
""")
_LEAVE = text("DELETE FROM messaging.worker WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker does. `prefetches` is how many messages of each of its queues it may hold."""

    service: str
    threads: int
    prefetches: Mapping[str, int]


class Presence:
    """Keeps the worker's row while it works, from a thread of its own: a database that is silent holds up nothing else.

    Nothing is written while the gate is shut; where the row was taken away meanwhile it is written anew.
    """

    def __init__(
        self,
        engine: Engine,
        work: Work,
        is_open: Callable[[], bool],
        in_flight: InFlight,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self.id = new_id()
        self._running = Running(engine, work.service, self.id, in_flight)
        self._engine, self._is_open, self._refresh_seconds = engine, is_open, refresh_seconds
        self._row = {
            "id": self.id,
            "service": work.service,
            "queues": sorted(work.prefetches),
            "threads": work.threads,
            "prefetch": max(work.prefetches.values(), default=0),
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Announce the worker, and go on doing so."""
        self._thread.start()

    def stop(self) -> None:
        """Take the row away, if the database is there: in order is not killed."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        self._be_seen()
        seen_at = monotonic()
        while not self._stopping.wait(min(HELD_SECONDS, self._refresh_seconds)):
            self._tell_running()
            if monotonic() - seen_at >= self._refresh_seconds:
                self._be_seen()
                seen_at = monotonic()
        self._tell_running()
        if self._is_open():
            self._execute(_LEAVE, {"id": self.id})

    def _tell_running(self) -> None:
        if self._is_open():
            try:
                self._running.refresh()
            except SQLAlchemyError as error:
                structlog.get_logger("bellhop.worker").debug("cannot tell what runs", error=type(error).__name__)

    def _be_seen(self) -> None:
        if self._is_open():
            self._execute(_BE_SEEN, self._row)

    def _execute(self, statement: TextClause, values: Mapping[str, object]) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(statement, values)
        except SQLAlchemyError as error:
            structlog.get_logger("bellhop.worker").debug("cannot be announced", error=type(error).__name__)
