"""What somebody is told about what they asked the reports service for."""

from services.notifications.letters import ReportLetter
from services.notifications.repository import Emails
from shared.contracts.notifications import SendEmail, TellAboutReport
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("notifications.reports")


def tell(session: Session, message: TellAboutReport) -> None:
    """Mail them. Heard again with the same key, it does nothing; without an address there is only a line in the log."""
    address = message.email.strip()
    if not address:
        log.info("nobody is told", key=message.key, letter=message.letter)
        return
    letter, email_id = ReportLetter.of(message), new_id()
    added = Emails(session).add(
        email_id,
        key=f"{message.kind}:{message.organisation_id}:{message.key}",
        organisation_id=message.organisation_id,
        recipient=address,
        recipient_name=message.name,
        template=letter.template,
        facts=letter.facts(),
    )
    if added:
        publish(session, SendEmail(email_id=email_id))
