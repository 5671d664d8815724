"""The use cases of the payments service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.payments.domain import PaymentState, Receipt, entries_of, move, state_of_refused
from services.payments.errors import UnknownPaymentError
from services.payments.repository import Payments
from shared.contracts.payments import PaymentSucceeded, ReadStoredStripeEvent
from shared.contracts.ticketing import OrderPaid, PaymentRefused
from shared.contracts.webhooks import StripeEventReceived
from shared.ids import new_id
from shared.messaging.outbox import Session, publish


class Provider(Protocol):
    """What is asked of the adapter that knows a provider's events."""

    def concerns_money(self, event_type: str) -> bool: ...

    def receipt(self, intent: Mapping[str, Any], succeeded_at: datetime, *, livemode: bool) -> Receipt: ...

    def object_in(self, body: bytes) -> Mapping[str, Any]: ...


class StoredObjects(Protocol):
    """What is asked of the storage."""

    def get(self, key: str) -> bytes: ...


@dataclass(frozen=True)
class Dependencies:
    """What the service needs from outside."""

    stripe: Provider
    storage: StoredObjects


def take_stripe_event(session: Session, stripe: Provider, event: StripeEventReceived) -> None:
    """Record the money of an event that tells of some. Raises UnexpectedProviderShapeError.

    An event too large for a message lies in storage, and is read outside of the transaction by a message of its own.
    """
    if not stripe.concerns_money(event.event_type):
        return
    if event.data is None:
        stored = ReadStoredStripeEvent(
            storage_key=event.storage_key or "", created_at=event.created_at, livemode=event.livemode
        )
        publish(session, stored)
        return
    record(session, stripe.receipt(event.data, event.created_at, livemode=event.livemode))


def read_stored(dependencies: Dependencies, stored: ReadStoredStripeEvent) -> Receipt:
    """The money of an event that lies in storage. Raises UnexpectedProviderShapeError, and what the storage raises."""
    stripe = dependencies.stripe
    found = stripe.object_in(dependencies.storage.get(stored.storage_key))
    return stripe.receipt(found, stored.created_at, livemode=stored.livemode)


def record(session: Session, receipt: Receipt) -> None:
    """Record money that came in, book it, and say so: once for each of the provider's payments, however often told."""
    payments, payment_id = Payments(session), new_id()
    if not payments.add(payment_id, receipt):
        return
    payments.book(payment_id, new_id(), [(new_id(), entry) for entry in entries_of(receipt)])
    publish(
        session,
        PaymentSucceeded(
            payment_id=payment_id,
            provider=receipt.provider,
            provider_reference=receipt.reference,
            order_id=receipt.order_reference,
            amount=receipt.amount,
            currency=receipt.currency,
            succeeded_at=receipt.succeeded_at,
        ),
    )


def match(session: Session, event: OrderPaid) -> None:
    """The payment has paid its order. An order that was free has none.

    Raises UnknownPaymentError, IllegalTransitionError.
    """
    if event.payment_id is None:
        return
    payments = Payments(session)
    if move(_state_of(payments, event.payment_id), PaymentState.MATCHED):
        payments.match(event.payment_id, event.order_id, event.organisation_id)


def mark_refused(session: Session, event: PaymentRefused) -> None:
    """The payment does not pay its order: the money goes back, or people look at it.

    Raises UnknownPaymentError, IllegalTransitionError.
    """
    payments, target = Payments(session), state_of_refused(refund_due=event.refund_due)
    if move(_state_of(payments, event.payment_id), target):
        payments.refuse(event.payment_id, target, event.reason, event.detail, event.organisation_id)


def _state_of(payments: Payments, payment_id: UUID) -> PaymentState:
    state = payments.state_of(payment_id)
    if state is None:
        raise UnknownPaymentError(f"payment {payment_id} is not recorded here")
    return state
