"""What subscribers are told: the body of an outbound webhook, as the Standard Webhooks specification shapes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

MAX_BODY_BYTES = 20_000
"""The specification's advice: what is larger is fetched by the receiver."""

Value = str | int | None | list[dict[str, str]]


class EventType(StrEnum):
    """What an endpoint can subscribe to."""

    ORDER_PAID = "order.paid"
    ORDER_FULFILLED = "order.fulfilled"
    ORDER_EXPIRED = "order.expired"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_REFUNDED = "order.refunded"
    TICKET_CHECKED_IN = "ticket.checked_in"
    PAYOUT_PAID = "payout.paid"
    PAYOUT_FAILED = "payout.failed"
    APPOINTMENT_BOOKED = "appointment.booked"
    APPOINTMENT_RESCHEDULED = "appointment.rescheduled"
    APPOINTMENT_CANCELLED = "appointment.cancelled"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing that an organisation's subscribers are told once.

    `subject` is the id of what it happened to: type and subject together are unique for ever, whatever number of
    messages say the same; with an `occurrence`, where the same can happen to it again, the three. `data` holds ids and
    small facts, never a credential such as a ticket's token.
    """

    event_type: EventType
    subject: UUID
    organisation_id: UUID
    at: datetime
    data: Mapping[str, Value]
    occurrence: int | None = None

    @property
    def key(self) -> str:
        known = f"{self.event_type}:{self.subject}"
        return known if self.occurrence is None else f"{known}:{self.occurrence}"

    def body(self) -> str:
        """The text that is signed and sent, the same at every attempt."""
        moment = self.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        content = {"type": self.event_type, "timestamp": moment, "data": self.data}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def sent_id(message_id: UUID) -> str:
    """The `webhook-id` of a message: the same at every attempt and endpoint, for receivers to recognise a repetition.

    The specification forbids the full stop in it, which separates the parts of what is signed.
    """
    return f"msg_{message_id.hex}"
