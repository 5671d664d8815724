"""One attempt at a delivery, in three steps: what to send, sending it, and writing down how that went."""

from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from services.webhooks.domain.announcements import sent_id
from services.webhooks.domain.deliveries import (
    TRIES,
    Answer,
    Attempted,
    DeliveryState,
    Verdict,
    as_text,
    describe,
    pause_after,
    settle,
    verdict_on,
)
from services.webhooks.domain.endpoints import Limits
from services.webhooks.domain.retention import Keep
from services.webhooks.errors import (
    AddressRefusedError,
    AttemptError,
    InvalidUrlError,
    NoAnswerError,
    ReceiverRefusedError,
    ReceiverUnavailableError,
    UnknownDeliveryError,
)
from services.webhooks.handlers import places
from services.webhooks.handlers.endpoints import Vault, secret_context
from services.webhooks.repository.deliveries import Deliveries, Due
from services.webhooks.repository.endpoints import Endpoints
from services.webhooks.repository.places import Places
from shared.clock import Clock, now
from shared.contracts.webhooks import DeliverWebhook
from shared.ids import new_id
from shared.messaging.outbox import Session
from shared.retention import Objects


@dataclass(frozen=True, slots=True)
class Intent:
    """What an attempt sends. `tries` is how many attempts of the schedule came before."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str
    sent_id: str
    body: str
    secret: str = field(repr=False)
    tries: int
    by_hand: bool
    probe: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it is one attempt, and the schedule makes no others of it."""
        return self.by_hand or self.probe


class Receivers(Protocol):
    """What is asked of the adapter that calls endpoints."""

    def send(self, url: str, sent_id: str, body: str, secret: str) -> Answer:
        """Raises NoAnswerError, AddressRefusedError, InvalidUrlError."""
        ...


@dataclass(frozen=True)
class Dependencies:
    """What the service needs from outside. Without `storage` there are no objects to let go of."""

    receivers: Receivers
    vault: Vault
    storage: Objects | None = None
    keep: Keep = field(default_factory=Keep)
    clock: Clock = now
    limits: Limits = field(default_factory=Limits)


def prepare(session: Session, vault: Vault, message: DeliverWebhook, limits: Limits) -> Intent | None:
    """What to send; None where nothing is to be sent, any more or for now. Raises UnknownDeliveryError."""
    deliveries = Deliveries(session)
    due = deliveries.due(message.delivery_id)
    if due is None:
        raise UnknownDeliveryError(f"there is no delivery {message.delivery_id}")
    if not message.by_hand and due.state in {DeliveryState.DELIVERED, DeliveryState.SKIPPED}:
        return None
    if not due.reachable:
        _skip(deliveries, due)
        return None
    if not places.enter(session, message, due.endpoint_id, limits):
        return None
    if not message.by_hand and due.state is DeliveryState.FAILED:
        deliveries.set_state(due.delivery_id, DeliveryState.PENDING)
    return Intent(
        delivery_id=due.delivery_id,
        endpoint_id=due.endpoint_id,
        url=due.url,
        sent_id=sent_id(due.message_id),
        body=due.body,
        secret=vault.decrypt(due.secret, secret_context(due.endpoint_id)),
        tries=due.tries,
        by_hand=message.by_hand,
        probe=message.probe,
    )


def _skip(deliveries: Deliveries, due: Due) -> None:
    if due.state is DeliveryState.PENDING:
        deliveries.set_state(due.delivery_id, DeliveryState.SKIPPED, "the endpoint is disabled or deleted")


def attempt(receivers: Receivers, intent: Intent) -> Attempted:
    """Send it. Raises ReceiverUnavailableError, ReceiverRefusedError.

    An attempt by hand, or a probe, raises neither: it is one attempt, which is logged as it went. After the last one that
    the schedule has there is one more at most, however often the delivery has waited in between.
    """
    number = intent.tries + 1
    try:
        return _judged(_sent(receivers, intent, number), number)
    except (ReceiverUnavailableError, ReceiverRefusedError) as error:
        if intent.is_single:
            return failed_attempt(error)
        if number > TRIES and isinstance(error, ReceiverUnavailableError):
            raise ReceiverRefusedError(
                str(error), status=error.status, response=error.response, duration_ms=error.duration_ms
            ) from error
        raise


def _sent(receivers: Receivers, intent: Intent, number: int) -> Answer:
    try:
        return receivers.send(intent.url, intent.sent_id, intent.body, intent.secret)
    except NoAnswerError as error:
        pause = pause_after(number, status=None, asked=None, timed_out=error.timed_out)
        raise ReceiverUnavailableError(str(error), duration_ms=error.duration_ms, retry_after=pause) from error
    except (AddressRefusedError, InvalidUrlError) as error:
        raise ReceiverRefusedError(str(error)) from error


def _judged(answer: Answer, number: int) -> Attempted:
    verdict, text = verdict_on(answer.status), describe(answer.status)
    status, response, duration_ms = answer.status, answer.response, answer.duration_ms
    if verdict is Verdict.RETRY:
        pause = pause_after(number, status=status, asked=answer.retry_after, timed_out=False)
        raise ReceiverUnavailableError(
            text, status=status, response=response, duration_ms=duration_ms, retry_after=pause
        )
    error = text if verdict is Verdict.GONE else None
    return Attempted(verdict, status, response, error, duration_ms)


def record(session: Session, intent: Intent, attempted: Attempted, limits: Limits) -> None:
    """Write down how an attempt went. A receiver that is gone for good (410) disables its endpoint."""
    gone, refused = attempted.verdict is Verdict.GONE, attempted.verdict is Verdict.FAILED
    final = gone or (intent.probe and (refused or intent.tries + 1 >= TRIES))
    Places(session).lock(intent.endpoint_id)
    state = _log(session, intent.delivery_id, attempted, final=final, by_hand=intent.by_hand)
    if not intent.by_hand:
        Places(session).leave(intent.delivery_id, waiting=intent.probe and state is DeliveryState.PENDING)
    if gone:
        reason = "the endpoint answered 410: it wants no more webhooks"
        if Endpoints(session).disable(intent.endpoint_id, intent.url, reason):
            Deliveries(session).skip_pending(intent.endpoint_id, reason)
    answered = gone or attempted.verdict is Verdict.DELIVERED
    if answered or not intent.by_hand:
        places.leave(session, intent.endpoint_id, limits, answered=answered)


INTERNAL_ERROR: Final = "internal error: the attempt could not be made"


def record_failure(
    session: Session, message: DeliverWebhook, error: BaseException, limits: Limits, *, final: bool
) -> None:
    """Write down an attempt that raised; after the last one the delivery has failed, and waits to be tried by hand."""
    due = Deliveries(session).due(message.delivery_id)
    if due is None:
        return
    Places(session).lock(due.endpoint_id)
    _log(session, message.delivery_id, failed_attempt(error), final=final, by_hand=message.by_hand)
    if not message.by_hand:
        Places(session).leave(due.delivery_id, waiting=False)
        places.leave(session, due.endpoint_id, limits, answered=False)


def failed_attempt(error: BaseException) -> Attempted:
    """How an attempt that raised is shown to the endpoint's owner. What went wrong inside of Bellhop is for its own log."""
    verdict = Verdict.FAILED if isinstance(error, ReceiverRefusedError) else Verdict.RETRY
    if isinstance(error, AttemptError):
        return Attempted(verdict, error.status, error.response, _text(str(error)), error.duration_ms)
    return Attempted(verdict, error=INTERNAL_ERROR)


def _text(error: str) -> str:
    return as_text(error.encode("utf-8", "replace"))


def _log(
    session: Session, delivery_id: UUID, attempted: Attempted, *, final: bool, by_hand: bool
) -> DeliveryState | None:
    deliveries = Deliveries(session)
    current = deliveries.state_of(delivery_id)
    if current is None:
        return None
    deliveries.log(new_id(), delivery_id, attempted, by_hand=by_hand)
    state = settle(current, attempted.verdict, final=final, by_hand=by_hand)
    if state is not current:
        deliveries.set_state(delivery_id, state, attempted.error)
    return state
