"""One delivery of a message to one consumer, as the worker sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dramatiq import Message
from pydantic import ValidationError

from shared.contracts.message import Contract
from shared.errors import PermanentError
from shared.messaging.causes import Cause
from shared.messaging.envelope import Envelope, cause_of


class InvalidPayloadError(PermanentError):
    """The fields of a message do not fit its contract. The text names each field that does not."""

    code = "invalid_payload"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came off a queue. `turn` tells this publication from earlier ones of the same message.

    `published_at` is the sender's clock in milliseconds: good for a metric, not for a decision.
    """

    service: str
    queue: str
    kind: str
    message_id: UUID
    turn: int
    fields: Mapping[str, Any]
    options: Mapping[str, Any]
    redelivered: bool
    published_at: float

    @classmethod
    def of(cls, message: Message[Any], service: str, *, redelivered: bool) -> "Delivery":
        return cls(
            service=service,
            queue=message.queue_name,
            kind=message.actor_name,
            message_id=UUID(message.message_id),
            turn=message.options.get("turn", 1),
            fields=message.kwargs,
            options=message.options,
            redelivered=redelivered,
            published_at=message.message_timestamp,
        )

    @property
    def cause(self) -> Cause:
        """What work on this delivery passes on to the messages that it publishes."""
        return cause_of(self.options, self.message_id)

    @property
    def names(self) -> dict[str, str]:
        """What a log line says of it."""
        names = {"message_id": self.message_id, "kind": self.kind, "queue": self.queue}
        names |= {"correlation_id": self.cause.correlation_id, "organisation_id": self.cause.organisation_id}
        return {name: str(value) for name, value in names.items() if value is not None}

    def body(self, turn: int | None = None, tickets: Mapping[str, Any] | None = None) -> bytes:
        """The message again as a body, for its own queue, at another turn if one is given.

        `tickets` are what limiters have reserved for it; those that it came with are not passed on.
        """
        kept = {name: value for name, value in self.options.items() if name not in {"turn", "tickets"}}
        return Envelope(
            kind=self.kind,
            fields=self.fields,
            message_id=self.message_id,
            turn=self.turn if turn is None else turn,
            queue=self.queue,
            options={**kept, "tickets": tickets} if tickets else kept,
        ).encode(limit=None)


def validated(contract: type[Contract], delivery: Delivery) -> Contract:
    """The message as its contract. Raises InvalidPayloadError, which names the fields but not their values."""
    try:
        return contract.model_validate(delivery.fields, strict=False)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc'])) or 'message'}: {p['msg']}" for p in error.errors())
        raise InvalidPayloadError(f"{delivery.kind} does not fit its contract: {problems}") from None
