"""What a message in a dead-letter queue says about its end."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dramatiq import Message

from services.relay.returned import Fate, parse
from shared.messaging.envelope import MalformedEnvelopeError
from shared.messaging.envelope_checks import check_shape, check_strictly
from shared.messaging.topology import UNROUTABLE
from shared.texts import storable_json, storable_text


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it lies in a dead-letter queue."""

    queue: str
    routing_key: str
    headers: object
    body: bytes

    def fate(self) -> Fate:
        """Why it lies there."""
        return fate_of(self.queue, self.routing_key, self.headers, self.body)

    def bare_fate(self) -> Fate:
        """The same with nothing in it that could be refused: the bytes alone."""
        identity = hashlib.blake2b(f"{self.queue}\n".encode() + self.body, digest_size=16).digest()
        origin = self.routing_key if self.queue == UNROUTABLE else self.queue.removesuffix(".XQ")
        error = "what its envelope or its headers say cannot be written down: it is kept as bytes only"
        return Fate(origin, "malformed", error, self.body, None, None, UUID(bytes=identity))


def fate_of(queue: str, routing_key: str, headers: object, body: bytes) -> Fate:
    """Why a message lies in a dead-letter queue. RabbitMQ says how it left its queue; its body says the rest.

    Whoever put it there may have written anything into headers and body.
    """
    headers = headers if isinstance(headers, dict) else {}
    death = _last_death(headers)
    origin = routing_key if queue == UNROUTABLE else str(death.get("queue") or queue.removesuffix(".XQ"))
    parsed, fault = parse(body)
    how = str(death.get("reason", "unknown"))
    if queue == UNROUTABLE:
        reason, error = "unroutable", f"parked, and its queue {origin} was not there when its time came"
    elif parsed is None:
        reason, error = "malformed", fault
    elif how == "delivery_limit":
        reason, error = "delivery_limit", f"{origin} gave it out more often than its delivery limit allows"
    else:
        reason, error = _rejected(parsed, origin, len(body))
    # The same letter, given out again because its acknowledgement was lost, must be the same failed job.
    identity = storable_text(f"{queue}\n{death.get('time')}\n").encode() + body
    failed_id = UUID(bytes=hashlib.blake2b(identity, digest_size=16).digest())
    return Fate(origin, reason, error, body, parsed, storable_json(headers), failed_id)


def _last_death(headers: dict[str, Any]) -> dict[str, Any]:
    """RabbitMQ's own entry, or none where the header is not RabbitMQ's."""
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else None
    return first if isinstance(first, dict) else {}


def _rejected(parsed: dict[str, Any], origin: str, size: int) -> tuple[str, str]:
    try:
        message: Message[Any] = Message(**{**parsed, "args": tuple(parsed["args"])})
        check_shape(message)
        check_strictly(message, size)
    except MalformedEnvelopeError as error:
        return "malformed", str(error)
    return "unknown_kind", f"no actor hears {parsed['actor_name']} on {origin}"
