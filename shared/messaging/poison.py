"""Poison: a message that kills its worker each time it is started, told apart from its innocent neighbours.

RabbitMQ's delivery count cannot do it: it counts a delivery for every unacknowledged message of a process that dies.
So the start of a redelivered message is written down in a transaction of its own and struck out by any outcome. A
message that has an unfinished start runs alone in its process; the fifth unfinished start is the last.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from shared.messaging.inbox import Connection
from shared.messaging.time_limits import StoppedError

MAX_UNFINISHED_STARTS = 5

_PEEK = "SELECT starts FROM messaging.unfinished_start WHERE message_id = %s AND service = %s"
_RECORD = """
INSERT INTO messaging.unfinished_start AS known (message_id, service, starts) VALUES (%s, %s, 1)
ON CONFLICT (message_id, service) DO UPDATE SET starts = known.starts + 1, started_at = clock_timestamp()
"""
_TAKE_BACK = "UPDATE messaging.unfinished_start SET starts = starts - 1 WHERE message_id = %s AND service = %s"
_CLEAR_NONE = "DELETE FROM messaging.unfinished_start WHERE message_id = %s AND service = %s AND starts <= 0"
_CLEAR = "DELETE FROM messaging.unfinished_start WHERE message_id = %s AND service = %s RETURNING starts"


def unfinished_starts(connection: Connection, service: str, message_id: UUID) -> int:
    """How many starts of this message nobody ended."""
    row = connection.execute(_PEEK, (message_id, service)).fetchone()
    return int(row[0]) if row else 0


def record_start(connection: Connection, service: str, message_id: UUID) -> None:
    """Write a start down. The caller commits before the handler runs."""
    connection.execute(_RECORD, (message_id, service))


def take_back_start(connection: Connection, service: str, message_id: UUID) -> None:
    """The start that was written down last does not count: its process was told to stop, and hands the message back."""
    connection.execute(_TAKE_BACK, (message_id, service))
    connection.execute(_CLEAR_NONE, (message_id, service))


def clear_starts(connection: Connection, service: str, message_id: UUID) -> int:
    """Strike the starts out, in the transaction of an outcome. Returns how many there were, the present one among them."""
    row = connection.execute(_CLEAR, (message_id, service)).fetchone()
    return int(row[0]) if row else 0


class Crowd:
    """Lets messages run beside each other, or one of them alone."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._running = 0
        self._alone = False
        self._stopped = False

    def stop(self) -> None:
        """Whoever waits for their turn, or asks for one, raises StoppedError from now on: the process is ending."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    @contextmanager
    def beside_others(self) -> Iterator[None]:
        with self._condition:
            self._wait_while(lambda: self._alone)
            self._running += 1
        try:
            yield
        finally:
            with self._condition:
                self._running -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._condition:
            self._wait_while(lambda: self._alone)
            self._alone = True
        try:
            with self._condition:
                self._wait_while(lambda: self._running > 0)
            yield
        finally:
            with self._condition:
                self._alone = False
                self._condition.notify_all()

    def _wait_while(self, condition: Callable[[], bool]) -> None:
        while condition() and not self._stopped:
            self._condition.wait(1.0)
        if self._stopped:
            raise StoppedError
