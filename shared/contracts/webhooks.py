"""Messages of the webhooks service: what providers told us, and what we tell subscribers."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.contracts.message import Command, Event


class StripeEventReceived(Event):
    """A verified, stored Stripe event. `data` is its `data.object`; None where it is too large for a message, then
    `storage_key` names the raw body in storage.
    """

    kind: ClassVar[str] = "webhooks.stripe.received"
    inbound_id: UUID
    external_id: str
    event_type: str
    created_at: datetime
    livemode: bool
    data: dict[str, Any] | None
    storage_key: str | None = None


class DeliverWebhook(Command):
    """Make the next attempt at this delivery. One `by_hand` is a single attempt beside the schedule."""

    kind: ClassVar[str] = "webhooks.delivery.send"
    delivery_id: UUID
    by_hand: bool = False
