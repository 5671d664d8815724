"""What a customer is told about an appointment."""

from services.notifications.composing.appointments import Teller
from services.notifications.domain.progress import State
from services.notifications.domain.sendings import Channel
from services.notifications.domain.texts import e164
from services.notifications.errors import InvalidPhoneNumberError, LetterIncompleteError
from services.notifications.handlers.endings import number_refused
from services.notifications.letters import AppointmentLetter
from services.notifications.repository import Emails, TextMessages
from shared.contracts.notifications import SendEmail, SendSms, TellAboutAppointment
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("notifications.appointments")

WITHOUT_A_TIME = frozenset({"offer", "call_back"})
"""Letters that say something even where no time is known."""


def tell(session: Session, message: TellAboutAppointment, *, has_text_messages: bool) -> None:
    """Mail and text a customer, as far as there are addresses. Heard again with the same key, it does nothing.

    Raises LetterIncompleteError.
    """
    if message.starts_at is None and message.letter not in WITHOUT_A_TIME:
        raise LetterIncompleteError(f"a letter of the kind {message.letter!r} needs starts_at ({message.key})")
    letter = AppointmentLetter.of(message)
    email, phone = (message.email or "").strip(), (message.phone or "").strip()
    if email:
        _mail(session, message, letter, email)
    if phone and has_text_messages:
        _text(session, message, letter, phone)
    elif phone:
        log.debug("no text message: Twilio is not set up", key=message.key)
    if not email and not (phone and has_text_messages):
        log.warning("a customer cannot be written to", key=message.key, letter=message.letter, has_phone=bool(phone))


def _key_of(message: TellAboutAppointment) -> str:
    """Without the recipient: a letter that was sent is not sent again to a corrected address."""
    return f"{message.kind}:{message.organisation_id}:{message.key}"


def _mail(session: Session, message: TellAboutAppointment, letter: AppointmentLetter, email: str) -> None:
    email_id = new_id()
    added = Emails(session).add(
        email_id,
        key=_key_of(message),
        organisation_id=message.organisation_id,
        recipient=email,
        recipient_name=message.name,
        template=letter.template,
        facts=letter.facts(),
    )
    if added:
        publish(session, SendEmail(email_id=email_id))


def _text(session: Session, message: TellAboutAppointment, letter: AppointmentLetter, phone: str) -> None:
    """A number that cannot be dialled is logged as failed at once: no provider need be asked."""
    sms_id, number = new_id(), e164(phone)
    added = TextMessages(session).add(
        sms_id,
        key=_key_of(message),
        organisation_id=message.organisation_id,
        recipient=number or phone,
        body=Teller.of(letter).text_message(),
        state=State.QUEUED if number else State.FAILED,
        error_code=None if number else InvalidPhoneNumberError.code,
    )
    if not added:
        return
    if number is None:
        log.warning("text message failed", sms_id=sms_id, channel=Channel.SMS, code=InvalidPhoneNumberError.code)
        number_refused(session, sms_id, message.organisation_id)
        return
    publish(session, SendSms(sms_id=sms_id))
