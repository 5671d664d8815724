"""The inbox: what became of each message at each consumer, and so why every effect happens once.

All of it is SQL on the caller's transaction. The key is (message, service): a service hears a kind once.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import Escaping, TransactionStatus

from shared.database.session import execute_at_once
from shared.messaging.delivery import Delivery

Connection = psycopg.Connection[Any]


class Claim(Enum):
    """What a claim found out. QUIET: it is finished, or this turn is old. BUSY: another run of it is alive.
    STOPPED: mine, and what it belongs to was cancelled.
    """

    MINE = "mine"
    STOPPED = "stopped"
    QUIET = "quiet"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Standing:
    """The inbox row of a message: a message that was never claimed has the defaults.

    `age` is in seconds since its first try, which a limiter or a snooze that came before it is not.
    """

    status: str = "new"
    turn: int = 0
    attempts: int = 0
    exceptions: int = 0
    age: float = 0.0

    @property
    def finished(self) -> bool:
        return self.status in {"done", "failed"}

    def is_over_for(self, turn: int) -> bool:
        """True for a delivery that must stay without effect: the message is finished, or a later turn was decided."""
        return self.finished or self.turn > turn


_CAUSES = ("correlation_id", "causation_id", "organisation_id")
_NEVER = b"false"
_WRITE = """
INSERT INTO messaging.inbox AS inbox
    (message_id, service, kind, status, turn, attempts, correlation_id, causation_id, organisation_id, finished_at,
     exceptions, started_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, CASE WHEN %s THEN clock_timestamp() END, %s,
        clock_timestamp() - make_interval(secs => %s))
ON CONFLICT (message_id, service) DO UPDATE
    SET status = excluded.status, turn = excluded.turn, attempts = excluded.attempts, finished_at = excluded.finished_at,
        exceptions = inbox.exceptions + excluded.exceptions,
        started_at = CASE WHEN inbox.attempts = 0 THEN excluded.started_at ELSE inbox.started_at END
"""
_STANDING = """
SELECT status, turn, attempts, exceptions, extract(epoch FROM clock_timestamp() - started_at)::float8
FROM messaging.inbox WHERE message_id = %s AND service = %s
"""


def lock_key(service: str, message_id: UUID) -> int:
    """The advisory lock of one message at one consumer: 64 bits of a hash, so that two never meet but by chance."""
    digest = hashlib.blake2b(message_id.bytes + service.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def claim_done(connection: Connection, delivery: Delivery, stopped: bytes = _NEVER) -> Claim:
    """Claim the message and write at once that it is done: the transaction takes it back if the handler fails.

    One round trip that also begins the transaction. The lock is only tried: if the first run is still alive on a
    connection that was cut, waiting for it would hold a thread for as long as it runs. `stopped` is an SQL expression
    that is asked along the way.
    """
    is_mine, is_stopped = _write_claim(connection, delivery, stopped)
    if is_mine:
        return Claim.STOPPED if is_stopped else Claim.MINE
    return Claim.QUIET if standing(connection, delivery).is_over_for(delivery.turn) else Claim.BUSY


def _write_claim(connection: Connection, delivery: Delivery, stopped: bytes) -> tuple[bool, bool]:
    """Every message pays for this, so BEGIN and the claim go out as one query, past psycopg's cursors.

    The statement itself is the function `messaging.claim_done`, whose plan PostgreSQL keeps for the session.
    """
    begin = b"BEGIN;" if connection.info.transaction_status is TransactionStatus.IDLE else b""
    options = delivery.options
    literal = Escaping(connection.pgconn).escape_literal
    texts = (str(delivery.message_id), delivery.service, delivery.kind)
    causes = (options.get(name) for name in _CAUSES)
    values = [
        *(literal(text.encode()) for text in texts),
        b"%d" % delivery.turn,
        *(b"NULL" if cause is None else literal(str(cause).encode()) for cause in causes),
        b"%d" % lock_key(delivery.service, delivery.message_id),
    ]
    claim = b"SELECT messaging.claim_done(" + b", ".join(values) + b"), " + stopped
    result = execute_at_once(connection, begin + claim)
    return result.get_value(0, 0) == b"t", result.get_value(0, 1) == b"t"


def claim_all(
    connection: Connection, deliveries: Sequence[Delivery], stopped: Sequence[bytes], begin: bytes = b""
) -> bool:
    """Claim several messages of one consumer as `claim_done` does one, all or none: False where one is finished, busy,
    old or stopped. One round trip that begins the transaction and runs `begin` in it.
    """
    literal = Escaping(connection.pgconn).escape_literal
    first = deliveries[0]
    options = [delivery.options for delivery in deliveries]
    arrays = [
        _array([delivery.message_id for delivery in deliveries]),
        _array([delivery.turn for delivery in deliveries]),
        *(_array([one.get(name) for one in options]) for name in _CAUSES),
        _array([lock_key(first.service, delivery.message_id) for delivery in deliveries]),
    ]
    values = [literal(text.encode()) for text in (first.service, first.kind, *arrays)]
    never = b"".join(b" AND NOT (" + one + b")" for one in stopped if one != _NEVER)
    claim = b"SELECT messaging.claim_all(" + b", ".join(values) + b")" + never
    return execute_at_once(connection, b"BEGIN;" + begin + claim).get_value(0, 0) == b"t"


def _array(values: Iterable[object]) -> str:
    """PostgreSQL's text for an array of ids or numbers."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def end_now(delivery: Delivery) -> bytes:
    """The statement that writes down when a message's handler has ended, for the round trip of the commit. Only what this
    transaction has claimed: its row says that it ended when the transaction began.
    """
    return (
        b"UPDATE messaging.inbox SET finished_at = clock_timestamp() "
        b"WHERE message_id = '%s' AND service = '%s' AND status = 'done' AND finished_at = now();"
    ) % (str(delivery.message_id).encode(), delivery.service.encode())


def try_lock(connection: Connection, delivery: Delivery) -> bool:
    """Take the message's lock until the transaction ends, if nobody has it."""
    key = lock_key(delivery.service, delivery.message_id)
    row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", (key,)).fetchone()
    return bool(row and row[0])


def lock(connection: Connection, service: str, message_id: UUID) -> None:
    """Take the message's lock until the transaction ends, waiting up to lock_timeout.

    Raises psycopg.errors.LockNotAvailable: a run of the same message, perhaps our own last one, is not over yet.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(service, message_id),))


def standing(connection: Connection, delivery: Delivery) -> Standing:
    """The inbox row of this delivery's message."""
    row = connection.execute(_STANDING, (delivery.message_id, delivery.service)).fetchone()
    return Standing(*row) if row else Standing()


def write(
    connection: Connection,
    delivery: Delivery,
    status: str,
    *,
    turn: int,
    attempts: int,
    exceptions: int = 0,
    began: float = 0.0,
) -> None:
    """Write a standing. The caller holds the lock and has seen that the message is not finished.

    `exceptions` are added to those there were; `began` is how many seconds ago the first try began.
    """
    options = delivery.options
    connection.execute(
        _WRITE,
        (
            delivery.message_id, delivery.service, delivery.kind, status, turn, attempts,
            options.get("correlation_id"), options.get("causation_id"), options.get("organisation_id"),
            status in {"done", "failed"}, exceptions, began,
        ),
    )  # fmt: skip
