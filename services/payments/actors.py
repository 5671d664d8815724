"""What the payments service hears."""

from services.payments import handlers
from services.payments.domain import Receipt
from services.payments.handlers import Dependencies
from shared.contracts.notifications import AlertFailure
from shared.contracts.payments import ReadStoredStripeEvent
from shared.contracts.ticketing import OrderPaid, PaymentRefused
from shared.contracts.webhooks import StripeEventReceived
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session

EVENTS, DEFAULT = "payments.events", "payments.default"


@actor(StripeEventReceived, queue=EVENTS, formerly=[DEFAULT], on_failure=AlertFailure)
def take_stripe_event(message: StripeEventReceived, session: Session, dependencies: Dependencies) -> None:
    handlers.take_stripe_event(session, dependencies.stripe, message)


@provider_actor(ReadStoredStripeEvent, queue=DEFAULT, repeatable=True, on_failure=AlertFailure)
def read_stored_stripe_event(
    dependencies: Dependencies,
) -> ProviderSteps[ReadStoredStripeEvent, ReadStoredStripeEvent, Receipt]:
    return _ReadStored(dependencies)


@actor(OrderPaid, queue=EVENTS, formerly=[DEFAULT])
def match_payment(message: OrderPaid, session: Session, _dependencies: Dependencies) -> None:
    handlers.match(session, message)


@actor(PaymentRefused, queue=EVENTS, formerly=[DEFAULT], on_failure=AlertFailure)
def mark_refused_payment(message: PaymentRefused, session: Session, _dependencies: Dependencies) -> None:
    handlers.mark_refused(session, message)


class _ReadStored(ProviderSteps[ReadStoredStripeEvent, ReadStoredStripeEvent, Receipt]):
    """Reading again is harmless, so an earlier call that may have happened is not looked for."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, _session: Session, message: ReadStoredStripeEvent) -> ReadStoredStripeEvent:
        return message

    def call(self, intent: ReadStoredStripeEvent) -> Receipt:
        return handlers.read_stored(self._dependencies, intent)

    def resolve(self, _intent: ReadStoredStripeEvent) -> None:
        return None

    def record(self, session: Session, _intent: ReadStoredStripeEvent, result: Receipt) -> None:
        handlers.record(session, result)
