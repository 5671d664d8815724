"""Sending one text message of their log. One that may have been sent is asked after, and never sent again."""

from uuid import UUID

from services.notifications.domain.progress import State, begun, not_sent, sent
from services.notifications.domain.progress import suppressed as made_suppressed
from services.notifications.domain.sendings import Channel, TextMessage
from services.notifications.errors import (
    BodyTrimmedError,
    RecipientOptedOutError,
    TextMessagesNotSetUpError,
    TextMessageUnaccountedError,
    TextOutcomeUnknownError,
    UnknownTextMessageError,
    code_of,
    surely_not_sent,
)
from services.notifications.handlers.dependencies import Dependencies, Texter
from services.notifications.handlers.endings import text_message_ended
from services.notifications.repository import Suppressions, TextMessages
from shared.errors import BellhopError
from shared.logging import get_logger
from shared.messaging.outbox import Session

log = get_logger("notifications.text_messages")


def begin(session: Session, sms_id: UUID) -> TextMessage | None:
    """Write down that a try begins, and return the text message as it stood before; None where nothing is left to do.

    Raises UnknownTextMessageError, BodyTrimmedError.
    """
    messages = TextMessages(session)
    message = messages.hold(sms_id)
    if message is None:
        raise UnknownTextMessageError(f"the log of text messages has no row {sms_id}")
    if message.progress.is_over:
        return None
    if message.is_trimmed:
        raise BodyTrimmedError(f"what text message {sms_id} said is not kept any more: have it written anew")
    if message.progress.state is State.QUEUED and Suppressions(session).has(Channel.SMS, message.recipient):
        progress = made_suppressed(message.progress)
        messages.suppress(sms_id, progress)
        text_message_ended(session, message, progress.state)
        log.warning("text message suppressed", sms_id=sms_id, recipient=message.recipient)
        return None
    messages.begin(sms_id, begun(message.progress, repeats=False))
    return message


def send(dependencies: Dependencies, message: TextMessage) -> str:
    """Send it; returns the provider's id of it. One with an open outcome is looked for, whoever asks for it again."""
    if message.progress.outcome_open:
        return look_up(dependencies, message)
    return _texter(dependencies, message).send(message.recipient, message.body)


def look_up(dependencies: Dependencies, message: TextMessage) -> str:
    """The provider's id of a text message that may have been sent.

    Raises TextMessageUnaccountedError where the provider does not list it, which is no proof that it was not sent;
    TextOutcomeUnknownError where the provider could not be asked.
    """
    try:
        found = _texter(dependencies, message).find(message.recipient, message.body, message.started_at)
    except BellhopError as error:
        after = getattr(error, "retry_after", None)
        raise TextOutcomeUnknownError(f"the provider could not be asked: {error}", retry_after=after) from error
    if found is None:
        raise TextMessageUnaccountedError(
            f"text message {message.id} may have been sent, and the provider does not list it: it is not repeated"
        )
    return found


def record_sent(session: Session, message: TextMessage, provider_id: str) -> None:
    """The provider took it."""
    messages = TextMessages(session)
    held = messages.hold(message.id)
    if held is None or held.progress.is_over:
        return
    progress = sent(held.progress)
    messages.settle(message.id, progress, provider_id)
    text_message_ended(session, held, progress.state)
    log.info("text message sent", sms_id=message.id, answer=provider_id)


def record_failure(session: Session, sms_id: UUID, error: BaseException, *, final: bool) -> None:
    """A try failed. A person who said STOP is not written to again."""
    messages = TextMessages(session)
    held = messages.hold(sms_id)
    if held is None or held.progress.is_over:
        return
    progress = not_sent(held.progress, surely=surely_not_sent(error), final=final)
    messages.fail(sms_id, progress, code_of(error), str(error))
    text_message_ended(session, held, progress.state)
    if isinstance(error, RecipientOptedOutError):
        Suppressions(session).add(Channel.SMS, held.recipient, code=error.code, reason=str(error))
    tell = log.error if final else log.warning
    tell(
        "text message failed" if final else "text message not sent yet",
        sms_id=sms_id,
        recipient=held.recipient,
        state=progress.state,
        code=code_of(error),
        error=str(error),
    )


def _texter(dependencies: Dependencies, message: TextMessage) -> Texter:
    if dependencies.texter is None:
        raise TextMessagesNotSetUpError(f"text message {message.id} waits: set up Twilio and retry the job")
    return dependencies.texter
