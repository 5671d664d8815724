"""Messages of the payments service: money that came in."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.message import Command, Event


class PaymentSucceeded(Event):
    """A provider says that money was received for an order.

    `order_id` is what the provider's metadata said, as text: it may name no order, or be empty. `amount` is in minor units.
    """

    kind: ClassVar[str] = "payments.payment.succeeded"
    payment_id: UUID
    provider: str
    provider_reference: str
    order_id: str
    amount: int
    currency: str
    succeeded_at: datetime


class ReadStoredStripeEvent(Command):
    """Read a Stripe event that was too large for a message from storage, and record the money that it tells of."""

    kind: ClassVar[str] = "payments.stripe_event.read_stored"
    storage_key: str
    created_at: datetime
    livemode: bool
