"""The wire form: a plain Dramatiq message whose actor name is the kind and whose keyword arguments are the fields."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from shared.errors import PermanentError
from shared.messaging.causes import Cause

EVENTS_EXCHANGE = "bellhop.events"
MAX_BODY_BYTES = 64 * 1024
SPARE_BYTES = 1024
"""A message that comes again may be larger by this: its turn and the name of its queue are added on the way."""
TRACEPARENT_LENGTH = 100
"""Characters. W3C Trace Context: version 00 has 55, later versions may append to it."""
FIELDS = ("queue_name", "actor_name", "args", "kwargs", "options", "message_id", "message_timestamp")


class MalformedEnvelopeError(PermanentError):
    """A body in a queue is not a message of ours. The text says what is wrong with it."""

    code = "malformed_envelope"


class MessageTooLargeError(PermanentError):
    """A message is over 64 kB. Put the data into storage and send its key."""

    code = "message_too_large"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message as it travels. `turn` grows with each publication that somebody decided on: retry, snooze, by hand."""

    kind: str
    fields: Mapping[str, Any]
    message_id: UUID
    turn: int = 1
    queue: str = ""
    cause: Cause = field(default_factory=Cause)
    options: Mapping[str, Any] | None = None

    def encode(self, *, limit: int | None = MAX_BODY_BYTES) -> bytes:
        """The body. Raises MessageTooLargeError; with no `limit`, never: what was accepted once is never lost by size."""
        body = orjson.dumps(
            {
                "queue_name": self.queue or EVENTS_EXCHANGE,
                "actor_name": self.kind,
                "args": (),
                "kwargs": self.fields,
                "options": {**(self.options or {}), **_cause_options(self.cause), "turn": self.turn},
                "message_id": str(self.message_id),
                "message_timestamp": int(time.time() * 1000),
            }
        )
        if limit is not None and len(body) > limit:
            raise MessageTooLargeError(
                f"{self.kind} {self.message_id} has {len(body)} bytes, {limit} are allowed: "
                "put the data into storage and send its key"
            )
        return body


def _cause_options(cause: Cause) -> dict[str, str]:
    named = {
        "correlation_id": cause.correlation_id,
        "causation_id": cause.causation_id,
        "organisation_id": cause.organisation_id,
        "traceparent": cause.traceparent,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def decode_fields(body: bytes) -> dict[str, Any]:
    """The seven fields of a Dramatiq message, checked for shape. Raises MalformedEnvelopeError with the reason.

    Stock Dramatiq takes a body at its word: a null `options` or a foreign `queue_name` kills worker threads.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedEnvelopeError(f"undecodable: not JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise MalformedEnvelopeError(f"wrong envelope: a JSON {type(parsed).__name__} where an object belongs")
    missing = [name for name in FIELDS if name not in parsed]
    unknown = [name for name in parsed if name not in FIELDS]
    if missing or unknown:
        raise MalformedEnvelopeError(f"wrong envelope: missing {missing}, unknown {unknown}")
    shapes = {"queue_name": str, "actor_name": str, "args": list, "kwargs": dict, "options": dict, "message_id": str}
    for name, shape in shapes.items():
        if not isinstance(parsed[name], shape):
            raise MalformedEnvelopeError(
                f"wrong envelope: {name} is {type(parsed[name]).__name__}, not {shape.__name__}"
            )
    if not isinstance(parsed["message_timestamp"], int | float):
        raise MalformedEnvelopeError("wrong envelope: message_timestamp is not a number")
    return parsed


def cause_of(options: Mapping[str, Any], message_id: UUID) -> Cause:
    """The cause that work on this message passes on: the same journey, caused by this message."""
    traceparent = options.get("traceparent")
    return Cause(
        correlation_id=as_uuid(options.get("correlation_id")) or message_id,
        causation_id=message_id,
        organisation_id=as_uuid(options.get("organisation_id")),
        traceparent=traceparent if isinstance(traceparent, str) and len(traceparent) <= TRACEPARENT_LENGTH else None,
        batch_id=_batch_of(options),
    )


def _batch_of(options: Mapping[str, Any]) -> UUID | None:
    """The batch of a member, or of the chain that the message is a step of."""
    batch, chain = options.get("batch"), options.get("chain")
    if isinstance(batch, dict):
        return as_uuid(batch.get("id"))
    return as_uuid(chain.get("batch_id")) if isinstance(chain, dict) else None


def as_uuid(value: object) -> UUID | None:
    """The id that an option holds; None where it holds anything else."""
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
