"""Wakes the relay after a commit: NOTIFY from a connection of its own, at most every 10 ms.

NOTIFY inside the transactions themselves takes a lock for the whole cluster at commit, and halved commits in a trial.
Polling by the relay is the safety net, so a notification that is lost costs a little time and nothing else.
"""

import threading

import psycopg
import structlog
from sqlalchemy.engine import make_url

CHANNEL = "bellhop_outbox"
MIN_INTERVAL_SECONDS = 0.01


class Notifier:
    """`poke()` from any thread; a thread of its own sends. `url` is a database URL as in DATABASE_URL."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._poked = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """There is something in the outbox. Costs a flag."""
        self._poked.set()

    def stop(self) -> None:
        self._stopping.set()
        self._poked.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=3) as connection:
                    self._notify(connection)
            except psycopg.Error as error:
                structlog.get_logger("bellhop.notifier").debug("cannot notify", error=type(error).__name__)
                self._stopping.wait(1.0)

    def _notify(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        while not self._stopping.is_set():
            self._poked.wait()
            self._poked.clear()
            connection.execute(f"NOTIFY {CHANNEL}")
            self._stopping.wait(MIN_INTERVAL_SECONDS)
