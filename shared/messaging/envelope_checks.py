"""Which envelopes are taken from a queue: what Dramatiq's own threads rely on, and what Bellhop's actors rely on besides."""

from typing import Any
from uuid import UUID

from dramatiq import Message

from shared.messaging.envelope import MAX_BODY_BYTES, SPARE_BYTES, MalformedEnvelopeError


def check_shape(message: Message[Any]) -> None:
    """What Dramatiq's own threads rely on. Raises MalformedEnvelopeError with what is wrong."""
    shapes = {"queue_name": str, "actor_name": str, "kwargs": dict, "options": dict, "message_id": str}
    for name, shape in shapes.items():
        value = getattr(message, name)
        if not isinstance(value, shape):
            raise MalformedEnvelopeError(f"wrong envelope: {name} is {type(value).__name__}, not {shape.__name__}")
    if not isinstance(message.message_timestamp, int | float):
        raise MalformedEnvelopeError("wrong envelope: message_timestamp is not a number")


def check_strictly(message: Message[Any], size: int) -> None:
    """What Bellhop's actors rely on besides. Raises MalformedEnvelopeError with what is wrong."""
    if size > MAX_BODY_BYTES + SPARE_BYTES:
        raise MalformedEnvelopeError(f"too large: {size} bytes, {MAX_BODY_BYTES} are allowed")
    if message.args:
        raise MalformedEnvelopeError("wrong envelope: args are given; fields travel as kwargs")
    try:
        UUID(message.message_id)
    except ValueError:
        raise MalformedEnvelopeError("wrong envelope: message_id is not a UUID") from None
    turn = message.options.get("turn", 1)
    if not isinstance(turn, int) or isinstance(turn, bool) or not 1 <= turn < 2**31:
        raise MalformedEnvelopeError("wrong envelope: options.turn is not a positive number")
    if "eta" in message.options:
        raise MalformedEnvelopeError("wrong envelope: options.eta is not used; a delay is a row in messaging.scheduled")
    for name in ("correlation_id", "causation_id", "organisation_id"):
        _check_uuid(name, message.options.get(name))


def _check_uuid(name: str, value: object) -> None:
    if value is None:
        return
    try:
        UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise MalformedEnvelopeError(f"wrong envelope: options.{name} is not a UUID") from None
