"""The move at the confirm: from the outbox to `messaging.published`, so that the broker never has the only copy.

Where the move fails, its rows are in the outbox still, though RabbitMQ has them: publishing them again, or anything
else beside them, would go round for ever. So they are remembered, nothing is published, and only the move is tried
again, ever later. A process that starts tries first whether a row can be written at all: a restart publishes nothing
again either.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog

from shared.metrics import Metrics

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0

Connection = psycopg.Connection[Any]

log = structlog.get_logger("bellhop.relay")

_COLUMNS = (
    "id, message_id, kind, is_event, queue, turn, fairness_key, organisation_id, correlation_id, body, created_at"
)
_MOVE = f"""
WITH gone AS (DELETE FROM messaging.outbox WHERE id = ANY(%s) RETURNING {_COLUMNS})
INSERT INTO messaging.published ({_COLUMNS}) SELECT {_COLUMNS} FROM gone
"""  # noqa: S608 - our column list
# A database that was restored gives out ids again: what is remembered is known by its message as well.
_MOVE_REMEMBERED = f"""
WITH gone AS (
    DELETE FROM messaging.outbox USING unnest(%s::bigint[], %s::uuid[]) AS sent (sent_id, sent_message)
    WHERE id = sent_id AND message_id = sent_message RETURNING {_COLUMNS}
)
INSERT INTO messaging.published ({_COLUMNS}) SELECT {_COLUMNS} FROM gone
"""  # noqa: S608 - our column list
_PROBE = f"""
INSERT INTO messaging.published ({_COLUMNS})
VALUES (0, gen_random_uuid(), '', false, NULL, 0, gen_random_uuid(), NULL, NULL, '', clock_timestamp())
"""  # noqa: S608 - our column list


class Row(Protocol):
    """What a row of the outbox is known by."""

    @property
    def id(self) -> int: ...
    @property
    def message_id(self) -> UUID: ...


def move_published(connection: Connection, ids: Sequence[int]) -> None:
    """Move what RabbitMQ confirmed out of the outbox, in the caller's transaction."""
    connection.execute(_MOVE, (list(ids),), prepare=True)


class Moves:
    """The moves of one process, shared by its lanes: `move` after a confirm, `may_publish` before every publish."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = monotonic) -> None:
        self._metrics, self._clock = metrics, clock
        self._lock = threading.Lock()
        self._remembered: dict[int, UUID] = {}
        self._is_sure = False
        self._wait = 0.0
        self._again_at = 0.0
        self.fault: str | None = None
        """Why nothing is published at present, for people."""

    def move(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Move confirmed rows in the caller's transaction. Raises psycopg.Error, and remembers them then."""
        sent = {row.id: row.message_id for row in rows}
        if not sent:
            return
        try:
            move_published(connection, list(sent))
        except psycopg.Error as error:
            with self._lock:
                self._remembered.update(sent)
                self._put_off(error)
            raise

    def may_publish(self, connection: Connection) -> bool:
        """True if what is published now can be moved. Tries the move again when its time has come. Called outside of a
        transaction; quick as long as all is well.
        """
        if not self._is_sure:
            with self._lock:
                self._make_sure(connection)
        return self._is_sure

    def _make_sure(self, connection: Connection) -> None:
        if self._is_sure or self._clock() < self._again_at:
            return
        try:
            self._try_again(connection)
        except psycopg.Error as error:
            self._put_off(error)
            return
        if self._remembered:
            log.info("confirmed rows were moved", rows=len(self._remembered))
        self._remembered.clear()
        self._is_sure, self._wait, self.fault = True, 0.0, None

    def _try_again(self, connection: Connection) -> None:
        if self._remembered:
            ids, messages = list(self._remembered), list(self._remembered.values())
            connection.execute(_MOVE_REMEMBERED, (ids, messages))
        else:
            with connection.transaction(force_rollback=True):
                connection.execute(_PROBE)

    def _put_off(self, error: psycopg.Error) -> None:
        self._is_sure = False
        self._wait = min(max(FIRST_WAIT_SECONDS, self._wait * 2), LONGEST_WAIT_SECONDS)
        self._again_at = self._clock() + self._wait
        reason = f"{type(error).__name__}: {error}"
        self.fault = (
            f"confirmed rows cannot be moved to messaging.published ({reason}): nothing is published until they can"
        )
        self._metrics.moves_failed.labels("relay").inc()
        log.error(
            "confirmed rows cannot be moved, nothing is published until they can",
            error=reason,
            rows=len(self._remembered),
            again_in=self._wait,
        )
