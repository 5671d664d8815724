"""One leader among many schedulers: whoever holds an advisory lock on a connection of its own."""

from contextlib import suppress
from threading import RLock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from services.scheduler.repository import is_alive, try_lead, watch_closely
from shared.logging import get_logger

log = get_logger("bellhop.scheduler")


class Leadership:
    """The lock, and the connection that it lives and dies with. May be used from several threads.

    `connected` says whether the last look reached the database, `terms` how often this process became the leader.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._leads = False
        self._lock = RLock()
        self.connected = False
        self.terms = 0

    @property
    def leads(self) -> bool:
        """Whether this process was the leader when it last looked."""
        return self._leads

    def seek(self) -> bool:
        """Become the leader if there is none, or see whether this process still is."""
        with self._lock:
            try:
                if self._leads:
                    return self._look()
                self._leads = try_lead(self._connect())
                self.connected = True
                self.terms += self._leads
            except SQLAlchemyError as error:
                self._drop(error)
            return self._leads

    def holds(self) -> bool:
        """Ask the connection whether it still lives; asked before each tick."""
        with self._lock:
            try:
                return self._leads and self._look()
            except SQLAlchemyError as error:
                self._drop(error)
                return False

    def give_up(self) -> None:
        """Let another one lead at once."""
        with self._lock:
            self._leads = False
            if self._connection is not None:
                with suppress(SQLAlchemyError):
                    self._connection.invalidate()  # closed, not pooled: the lock goes with it
                self._connection.close()
                self._connection = None

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            watch_closely(self._connection)
        return self._connection

    def _look(self) -> bool:
        return is_alive(self._connect())

    def _drop(self, error: SQLAlchemyError) -> None:
        log.warning("leader_connection_lost" if self._leads else "leader_connection_failed", error=str(error.__cause__))
        self.connected = False
        self.give_up()
