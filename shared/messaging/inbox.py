"""The inbox: what became of each message at each consumer, and so why every effect happens once.

All of it is SQL on the caller's transaction. The key is (message, service): a service hears a kind once.
"""

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

import psycopg

from shared.messaging.delivery import Delivery

Connection = psycopg.Connection[Any]


class Claim(Enum):
    """What a claim found out. QUIET: it is finished, or this turn is old. BUSY: another run of it is alive."""

    MINE = "mine"
    QUIET = "quiet"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Standing:
    """The inbox row of a message: None fields of a message that was never claimed are its defaults."""

    status: str = "new"
    turn: int = 0
    attempts: int = 0

    @property
    def finished(self) -> bool:
        return self.status in {"done", "failed"}

    def is_over_for(self, turn: int) -> bool:
        """True for a delivery that must stay without effect: the message is finished, or a later turn was decided."""
        return self.finished or self.turn > turn


_CLAIM_DONE = """
INSERT INTO messaging.inbox AS inbox
    (message_id, service, kind, status, turn, attempts, correlation_id, causation_id, organisation_id)
SELECT %s, %s, %s, 'done', %s, 1, %s, %s, %s WHERE pg_try_advisory_xact_lock(%s)
ON CONFLICT (message_id, service) DO UPDATE
    SET status = 'done', turn = excluded.turn, attempts = inbox.attempts + 1, finished_at = now()
    WHERE inbox.status IN ('waiting', 'calling') AND inbox.turn <= excluded.turn
RETURNING 1
"""
_WRITE = """
INSERT INTO messaging.inbox AS inbox
    (message_id, service, kind, status, turn, attempts, correlation_id, causation_id, organisation_id, finished_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, CASE WHEN %s THEN now() END)
ON CONFLICT (message_id, service) DO UPDATE
    SET status = excluded.status, turn = excluded.turn, attempts = excluded.attempts, finished_at = excluded.finished_at
"""
_STANDING = "SELECT status, turn, attempts FROM messaging.inbox WHERE message_id = %s AND service = %s"


def lock_key(service: str, message_id: UUID) -> int:
    """The advisory lock of one message at one consumer: 64 bits of a hash, so that two never meet but by chance."""
    digest = hashlib.blake2b(message_id.bytes + service.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def claim_done(connection: Connection, delivery: Delivery) -> Claim:
    """Claim the message and write at once that it is done: the transaction takes it back if the handler fails.

    One statement where nothing is wrong. The lock is only tried: if the first run is still alive on a connection that
    was cut, waiting for it would hold a thread for as long as it runs.
    """
    key = lock_key(delivery.service, delivery.message_id)
    options = delivery.options
    parameters = (
        delivery.message_id, delivery.service, delivery.kind, delivery.turn,
        options.get("correlation_id"), options.get("causation_id"), options.get("organisation_id"), key,
    )  # fmt: skip
    if connection.execute(_CLAIM_DONE, parameters, prepare=True).fetchone():
        return Claim.MINE
    return Claim.QUIET if standing(connection, delivery).is_over_for(delivery.turn) else Claim.BUSY


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


def write(connection: Connection, delivery: Delivery, status: str, *, turn: int, attempts: int) -> None:
    """Write a standing. The caller holds the lock and has seen that the message is not finished."""
    options = delivery.options
    connection.execute(
        _WRITE,
        (
            delivery.message_id, delivery.service, delivery.kind, status, turn, attempts,
            options.get("correlation_id"), options.get("causation_id"), options.get("organisation_id"),
            status in {"done", "failed"},
        ),
    )  # fmt: skip
