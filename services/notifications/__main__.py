"""The process of the notifications service: `python -m services.notifications`."""

import sys
from zoneinfo import ZoneInfo

from services.notifications import actors
from services.notifications.adapters.smtp import SmtpMailer, SmtpServer
from services.notifications.adapters.stored_files import StoredFiles
from services.notifications.adapters.twilio import TwilioTexter
from services.notifications.composing import Composer
from services.notifications.composing.enclosures import ENCLOSED_BYTES
from services.notifications.domain.mailboxes import Mailbox, mailboxes
from services.notifications.domain.retention import Keep
from services.notifications.errors import RecipientRefusedError
from services.notifications.handlers.dependencies import Dependencies
from services.notifications.settings import NotificationsSettings
from shared.http import HttpClient
from shared.messaging.worker import run_worker
from shared.settings import Settings
from shared.storage import open_storage

TWILIO_SECONDS = 12.0
"""For one exchange: an attempt may need two of them."""


def build_dependencies(settings: Settings, own: NotificationsSettings | None = None) -> Dependencies:
    """Put together what the handlers need. Raises ValueError with the name of the setting that is wrong."""
    own = own or NotificationsSettings()
    senders = _addresses("NOTIFICATIONS_FROM", own.sender)
    if len(senders) != 1:
        raise ValueError(f"NOTIFICATIONS_FROM is one address, not {len(senders)}")
    files = StoredFiles(open_storage(settings.storage_url), ENCLOSED_BYTES)
    return Dependencies(
        composer=Composer(senders[0], ZoneInfo(settings.timezone), files.read),
        mailer=SmtpMailer(SmtpServer.of(own.smtp_url.get_secret_value())) if own.has_mail else None,
        texter=_twilio(own) if own.has_text_messages else None,
        operations=tuple(box.address for box in _addresses("OPERATIONS_EMAIL", settings.operations_email)),
        keep=Keep(own.retention_bodies_days, own.retention_log_days),
    )


def _twilio(own: NotificationsSettings) -> TwilioTexter:
    return TwilioTexter(
        HttpClient(own.twilio_base_url, total=TWILIO_SECONDS),
        account_sid=own.twilio_account_sid,
        auth_token=own.twilio_auth_token.get_secret_value(),
        sender=own.twilio_from,
    )


def _addresses(setting: str, text: str) -> tuple[Mailbox, ...]:
    try:
        return mailboxes(text)
    except RecipientRefusedError as error:
        raise ValueError(f"{setting}: {error}") from error


def main() -> int:
    return run_worker("notifications", actors, build_dependencies)


if __name__ == "__main__":
    sys.exit(main())
