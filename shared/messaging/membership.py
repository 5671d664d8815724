"""What a message belongs to: a chain, a batch, a unique key. Whoever ends the message tells them, in the same transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.messaging import batch, chain
from shared.messaging.delivery import Delivery
from shared.messaging.inbox import Connection
from shared.messaging.unique import free_key

_NAMES = ("chain", "batch", "unique")


def belongs(options: Mapping[str, Any]) -> bool:
    """True if the message belongs to anything: the others cost nothing more than this question."""
    return any(name in options for name in _NAMES)


def may_start(connection: Connection, delivery: Delivery) -> bool:
    """False if the message must not start: its batch was cancelled."""
    options = delivery.options
    return "batch" not in options or not batch.is_cancelled(connection, options["batch"])


def started(connection: Connection, delivery: Delivery) -> None:
    """The message was let through: its handler starts now."""
    free_key(connection, delivery.options, delivery.message_id, "started")


def done(connection: Connection, delivery: Delivery, result: object) -> None:
    """The message is done, with what its handler returned."""
    options = delivery.options
    free_key(connection, options, delivery.message_id, "finished")
    if "chain" in options:
        chain.step_done(connection, options["chain"], result)
    if "batch" in options:
        batch.member_ended(connection, UUID(options["batch"]["id"]), delivery.message_id, succeeded=True)


def skipped(connection: Connection, delivery: Delivery) -> None:
    """The message ended unrun: its batch was cancelled."""
    free_key(connection, delivery.options, delivery.message_id, "finished")
    member_of = UUID(delivery.options["batch"]["id"])
    batch.member_ended(connection, member_of, delivery.message_id, succeeded=False, skipped=True)


def failed(connection: Connection, options: Mapping[str, Any], message_id: UUID, reason: str, error: str) -> None:
    """The message finally failed."""
    free_key(connection, options, message_id, "finished")
    if "chain" in options:
        chain.step_failed(connection, options["chain"], reason, error)
    if "batch" in options:
        batch.member_ended(connection, UUID(options["batch"]["id"]), message_id, succeeded=False)


def retried(connection: Connection, options: Mapping[str, Any]) -> None:
    """A failed message is tried again by hand."""
    if "chain" in options:
        chain.resumed(connection, options["chain"])
