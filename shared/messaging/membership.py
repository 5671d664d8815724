"""What a message belongs to: a chain, a batch, a unique key. Whoever ends the message tells them, in the same transaction.

Who tells of an end is told whether that led to another message, so that the relay can be woken.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.messaging import chain_steps
from shared.messaging.counting import IS_CANCELLED, Ended, member_ended, member_retried, place_of
from shared.messaging.delivery import Delivery
from shared.messaging.inbox import Connection
from shared.messaging.unique import free_key

BY_HAND = "by_hand"
"""Option of a message that a person tried again: it runs, whatever was cancelled meanwhile."""
NEVER = b"false"
_NAMES = ("chain", "batch", "unique")


def belongs(options: Mapping[str, Any]) -> bool:
    """True if the message belongs to anything: the others cost nothing more than this question."""
    return any(name in options for name in _NAMES)


def frees_key_at_start(options: Mapping[str, Any]) -> bool:
    """True if its unique key is to be free while its handler runs: that is a transaction before the handler's."""
    unique = options.get("unique")
    return isinstance(unique, Mapping) and unique.get("until") == "started"


def may_start(connection: Connection, delivery: Delivery) -> bool:
    """False if the message must not start: its chain or its batch was cancelled."""
    asked = stopped(delivery.options)
    row = connection.execute(b"SELECT " + asked).fetchone() if asked != NEVER else None
    return not (row and row[0])


def stopped(options: Mapping[str, Any]) -> bytes:
    """The SQL expression that is true if the message must not start: its chain or its batch was cancelled."""
    if options.get(BY_HAND):
        return NEVER
    if (chain_id := chain_steps.chain_of(options.get("chain"))) is not None:
        return chain_steps.IS_STOPPED % str(chain_id).encode()
    place = place_of(options.get("batch"))
    return NEVER if place is None else IS_CANCELLED % str(place.batch_id).encode()


def started(connection: Connection, delivery: Delivery) -> None:
    """The message was let through: its handler starts now."""
    free_key(connection, delivery.options, delivery.message_id, "started")


def done(connection: Connection, delivery: Delivery, result: object) -> bool:
    """The message is done, with what its handler returned. Raises ResultNotJsonError."""
    options = delivery.options
    free_key(connection, options, delivery.message_id, "finished")
    told = "chain" in options and chain_steps.step_done(connection, options["chain"], result)
    return _count(connection, options, delivery.message_id, "done") or told


def skipped(connection: Connection, delivery: Delivery) -> bool:
    """The message ended unrun: its chain or its batch was cancelled."""
    options = delivery.options
    free_key(connection, options, delivery.message_id, "finished")
    told = "chain" in options and chain_steps.step_skipped(connection, options["chain"])
    return _count(connection, options, delivery.message_id, "cancelled") or told


def failed(connection: Connection, options: Mapping[str, Any], message_id: UUID, reason: str, error: str) -> bool:
    """The message finally failed."""
    free_key(connection, options, message_id, "finished")
    text = error.replace("\x00", "")
    told = "chain" in options and chain_steps.step_failed(connection, options["chain"], reason, text)
    return _count(connection, options, message_id, "failed") or told


def retried(connection: Connection, options: Mapping[str, Any], message_id: UUID) -> None:
    """A failed message is tried again by hand."""
    if "chain" in options:
        chain_steps.step_retried(connection, options["chain"])
    place = place_of(options.get("batch"))
    if place is not None:
        member_retried(connection, place, message_id)


def _count(connection: Connection, options: Mapping[str, Any], message_id: UUID, ended: Ended) -> bool:
    place = place_of(options.get("batch"))
    return place is not None and member_ended(connection, place, message_id, ended)
