"""Telling other services that a mail or a text message has come to its end."""

from typing import get_args
from uuid import UUID

from services.notifications.domain.progress import State
from services.notifications.domain.sendings import Channel, Email, TextMessage
from services.notifications.letters import AlertLetter
from shared.clock import now
from shared.contracts.notifications import NotificationEnded
from shared.messaging.outbox import Session, publish

TEXT_MESSAGE = "text_message"
"""The template of all text messages: they have none of their own."""

_ENDS = get_args(NotificationEnded.model_fields["state"].annotation)


def email_ended(session: Session, email: Email, state: State) -> None:
    """Tell of a mail, if it has ended; what operations are alerted to is nobody else's business."""
    if email.template != AlertLetter.template:
        _tell(session, email.id, email.organisation_id, Channel.EMAIL, email.template, state)


def text_message_ended(session: Session, message: TextMessage, state: State) -> None:
    """Tell of a text message, if it has ended."""
    _tell(session, message.id, message.organisation_id, Channel.SMS, TEXT_MESSAGE, state)


def number_refused(session: Session, sms_id: UUID, organisation_id: UUID | None) -> None:
    """Tell of a text message to a number that cannot be dialled: it fails before anybody is asked."""
    _tell(session, sms_id, organisation_id, Channel.SMS, TEXT_MESSAGE, State.FAILED)


def _tell(
    session: Session, sending_id: UUID, organisation_id: UUID | None, channel: Channel, template: str, state: State
) -> None:
    if state.value not in _ENDS:
        return
    message = NotificationEnded(
        notification_id=sending_id,
        organisation_id=organisation_id,
        channel=channel.value,
        template=template,
        state=state.value,
        ended_at=now(),
    )
    publish(session, message, organisation_id=organisation_id)
