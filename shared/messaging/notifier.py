"""Wakes the relay after a commit: NOTIFY from a connection of its own, with the ids of the rows; at most every 10 ms where
many come.

NOTIFY inside the transactions themselves takes a lock for the whole cluster at commit, and halved commits in a trial.
Looking by the relay is the safety net, so a notification that is lost costs a little time and nothing else.
"""

import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import structlog

from shared.database.connections import connect

CHANNEL = "bellhop_outbox"
REPAIRED = "bellhop_repaired"
"""Told when queues were made anew: what was published into the former ones is not under way any more."""
FEW = 4
FEW_INTERVAL_SECONDS, MANY_INTERVAL_SECONDS = 0.002, 0.01
"""After a notification of few rows the next may follow sooner: with 200 messages a second each would wait 3 ms for the one
before it.
"""
MOST_IDS = 700
"""How many ids fit into a notification: PostgreSQL takes less than 8,000 bytes. Of more, the relay is told none, and looks."""

_NOTIFY = "SELECT pg_notify(%s, %s)"


class Notifier:
    """`poke()` from any thread; a thread of its own sends. `url` is a database URL as in DATABASE_URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._ids: list[int] = []
        self._must_look = False
        self._poked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self, ids: Sequence[int] = ()) -> None:
        """These rows are in the outbox; without ids, something is there or in the schedule. Costs a flag."""
        with self._lock:
            self._must_look = self._must_look or not ids or len(self._ids) + len(ids) > MOST_IDS
            if not self._must_look:
                self._ids.extend(ids)
        self._poked.set()

    def stop(self) -> None:
        self._stopping.set()
        self._poked.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url, "notifier") as connection:
                    self._notify(connection)
            except psycopg.Error as error:
                structlog.get_logger("bellhop.notifier").debug("cannot notify", error=type(error).__name__)
                self._stopping.wait(1.0)

    def _notify(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        while not self._stopping.is_set():
            self._poked.wait()
            self._poked.clear()
            ids, must_look = self._take()
            connection.execute(_NOTIFY, (CHANNEL, "" if must_look else payload_of(ids)))
            are_few = len(ids) <= FEW and not must_look
            self._stopping.wait(FEW_INTERVAL_SECONDS if are_few else MANY_INTERVAL_SECONDS)

    def _take(self) -> tuple[list[int], bool]:
        """The ids to tell of, and whether the relay has to look instead."""
        with self._lock:
            ids, must_look = self._ids, self._must_look
            self._ids, self._must_look = [], False
        return ids, must_look


def notify(connection: psycopg.Connection[Any], ids: Sequence[int]) -> None:
    """Tell of rows that this connection has committed, if there are any."""
    if ids:
        connection.execute(_NOTIFY, (CHANNEL, payload_of(ids)))


def payload_of(ids: Sequence[int]) -> str:
    """The ids with commas between; empty where they are too many: the relay has to look."""
    return ",".join(map(str, ids)) if len(ids) <= MOST_IDS else ""


def ids_in(payload: str) -> list[int]:
    """The ids that a notification carries; none where one has to look."""
    return [int(part) for part in payload.split(",")] if payload else []
