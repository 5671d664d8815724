"""Messages of the webhooks service: what providers told us, and what we tell subscribers."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.contracts.message import Command, Event


class PurgeWebhooks(Command):
    """Let go of bodies, ids and deliveries whose time is over. Published every hour."""

    kind: ClassVar[str] = "webhooks.data.purge"


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
    """Make the next attempt at this delivery. One `by_hand` is a single attempt beside the schedule; so is a `probe`, by
    which is seen whether a paused endpoint answers again.
    """

    kind: ClassVar[str] = "webhooks.delivery.send"
    delivery_id: UUID
    by_hand: bool = False
    probe: bool = False


class ProbeEndpoint(Command):
    """See whether a paused endpoint answers again: the `number`-th look since it was paused, from 1."""

    kind: ClassVar[str] = "webhooks.endpoint.probe"
    endpoint_id: UUID
    number: int


class ReleaseWaiting(Command):
    """Send on whatever waits at an endpoint without need, because a process died. Published every minute."""

    kind: ClassVar[str] = "webhooks.delivery.release_waiting"


class RetellEventReceived(Event):
    """A verified, stored webhook of Retell. `data` is its `call` without word timings, latencies and the like; None
    where it is too large for a message, then `storage_key` names the raw body in storage. Without a `connection_id` it
    came to the address of the installation's own settings.
    """

    kind: ClassVar[str] = "webhooks.retell.received"
    inbound_id: UUID
    connection_id: UUID | None
    external_id: str
    event_type: str
    created_at: datetime
    data: dict[str, Any] | None
    storage_key: str | None = None


class CalcomEventReceived(Event):
    """A verified, stored webhook of Cal.com. `data` is its `payload` (the whole body of those that have none); None
    where it is too large for a message, then `storage_key` names the raw body in storage. Without a `connection_id` it
    came to the address of the installation's own settings.
    """

    kind: ClassVar[str] = "webhooks.calcom.received"
    inbound_id: UUID
    connection_id: UUID | None
    external_id: str
    event_type: str
    created_at: datetime
    data: dict[str, Any] | None
    storage_key: str | None = None
