"""What somebody is told who is new."""

from services.notifications.letters import WelcomeLetter
from services.notifications.repository import Emails
from shared.contracts.notifications import SendBulkEmail, WelcomePerson
from shared.ids import new_id
from shared.messaging.outbox import Session, publish


def welcome(session: Session, message: WelcomePerson) -> None:
    """Mail a welcome, behind everything that is urgent. Heard again with the same key, it does nothing."""
    letter, email_id = WelcomeLetter.of(message), new_id()
    added = Emails(session).add(
        email_id,
        key=f"{message.kind}:{message.organisation_id}:{message.key}",
        organisation_id=message.organisation_id,
        recipient=message.email.strip(),
        recipient_name=message.name,
        template=letter.template,
        facts=letter.facts(),
    )
    if added:
        publish(session, SendBulkEmail(email_id=email_id))
