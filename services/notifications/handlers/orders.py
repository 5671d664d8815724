"""What a buyer is told about an order."""

from services.notifications.domain.progress import State
from services.notifications.domain.sendings import Channel
from services.notifications.domain.texts import e164, tickets_text
from services.notifications.errors import InvalidPhoneNumberError
from services.notifications.handlers.endings import number_refused
from services.notifications.letters import TicketsLetter
from services.notifications.repository import Emails, TextMessages
from shared.contracts.notifications import SendEmail, SendSms
from shared.contracts.ticketing import OrderFulfilled
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("notifications.orders")


def send_tickets(session: Session, event: OrderFulfilled, *, has_text_messages: bool) -> None:
    """Mail the buyer the tickets, and text their link to the telephone that was left. Heard again, it does nothing."""
    _mail_tickets(session, event)
    if not event.customer_phone:
        return
    if not has_text_messages:
        log.debug("no text message: Twilio is not set up", order_id=event.order_id)
        return
    _text_tickets(session, event, event.customer_phone)


def _mail_tickets(session: Session, event: OrderFulfilled) -> None:
    email_id = new_id()
    added = Emails(session).add(
        email_id,
        key=f"{event.kind}:{event.customer_email}:{event.order_id}",
        organisation_id=event.organisation_id,
        recipient=event.customer_email,
        recipient_name=event.customer_name,
        template=TicketsLetter.template,
        facts=TicketsLetter.of(event).facts(),
    )
    if added:
        publish(session, SendEmail(email_id=email_id))


def _text_tickets(session: Session, event: OrderFulfilled, phone: str) -> None:
    """A number that cannot be dialled is logged as failed at once: no provider need be asked."""
    sms_id, number = new_id(), e164(phone)
    added = TextMessages(session).add(
        sms_id,
        key=f"{event.kind}:{number or phone}:{event.order_id}",
        organisation_id=event.organisation_id,
        recipient=number or phone,
        body=tickets_text(event.event_name, event.ticket_count, event.number, event.tickets_url),
        state=State.QUEUED if number else State.FAILED,
        error_code=None if number else InvalidPhoneNumberError.code,
    )
    if not added:
        return
    if number is None:
        log.warning("text message failed", sms_id=sms_id, channel=Channel.SMS, code=InvalidPhoneNumberError.code)
        number_refused(session, sms_id, event.organisation_id)
        return
    publish(session, SendSms(sms_id=sms_id))
