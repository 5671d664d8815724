"""What the notifications service hears."""

from services.notifications.domain.sendings import Email, TextMessage
from services.notifications.handlers import (
    alerts,
    appointments,
    emails,
    orders,
    people,
    reports,
    retention,
    text_messages,
)
from services.notifications.handlers.dependencies import Dependencies
from shared.contracts.notifications import (
    AlertFailure,
    AlertOperations,
    PurgeNotifications,
    SendBulkEmail,
    SendEmail,
    SendSms,
    TellAboutAppointment,
    TellAboutReport,
    WelcomePerson,
)
from shared.contracts.ticketing import OrderFulfilled
from shared.messaging.actor import ProviderSteps, actor, provider_actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

EVENTS, DEFAULT = "notifications.events", "notifications.default"
EMAIL, SMS = "notifications.email", "notifications.sms"
BULK = "notifications.bulk"
"""For what is written to thousands at once, so that no ticket waits behind it."""
WAITS = Delays([30, 300], jitter=0.2)
"""Seconds between the three tries: over a restart of a mail server, and over most greylisting."""


@actor(OrderFulfilled, queue=EVENTS, formerly=[DEFAULT], time_limit=30, on_failure=AlertFailure)
def send_tickets(message: OrderFulfilled, session: Session, dependencies: Dependencies) -> None:
    orders.send_tickets(session, message, has_text_messages=dependencies.texter is not None)


@actor(TellAboutAppointment, queue=DEFAULT, time_limit=30, on_failure=AlertFailure)
def tell_about_appointment(message: TellAboutAppointment, session: Session, dependencies: Dependencies) -> None:
    appointments.tell(session, message, has_text_messages=dependencies.texter is not None)


@actor(TellAboutReport, queue=DEFAULT, time_limit=30, on_failure=AlertFailure)
def tell_about_report(message: TellAboutReport, session: Session, _dependencies: Dependencies) -> None:
    reports.tell(session, message)


@actor(WelcomePerson, queue=BULK, time_limit=30, on_failure=AlertFailure)
def welcome_person(message: WelcomePerson, session: Session, _dependencies: Dependencies) -> None:
    people.welcome(session, message)


@actor(AlertOperations, queue=DEFAULT, time_limit=30)
def alert_operations(message: AlertOperations, session: Session, dependencies: Dependencies) -> None:
    alerts.alert(session, message, dependencies.operations)


@actor(AlertFailure, queue=DEFAULT, time_limit=30)
def alert_failure(message: AlertFailure, session: Session, dependencies: Dependencies) -> None:
    alerts.alert_failure(session, message, dependencies.operations)


@provider_actor(
    SendEmail, queue=EMAIL, tries=3, backoff=WAITS, time_limit=30, call_deadline=30, on_failure=AlertFailure
)
def send_email(dependencies: Dependencies) -> ProviderSteps[SendEmail | SendBulkEmail, Email, str]:
    return _SendingEmail(dependencies)


@provider_actor(
    SendBulkEmail, queue=BULK, tries=3, backoff=WAITS, time_limit=30, call_deadline=30, on_failure=AlertFailure
)
def send_bulk_email(dependencies: Dependencies) -> ProviderSteps[SendEmail | SendBulkEmail, Email, str]:
    return _SendingEmail(dependencies)


@provider_actor(SendSms, queue=SMS, tries=3, backoff=WAITS, time_limit=30, call_deadline=30, on_failure=AlertFailure)
def send_sms(dependencies: Dependencies) -> ProviderSteps[SendSms, TextMessage, str]:
    return _SendingTextMessage(dependencies)


@actor(PurgeNotifications, queue=DEFAULT, tries=3, shares_commit=False)
def purge_notifications(_message: PurgeNotifications, session: Session, dependencies: Dependencies) -> None:
    retention.purge(session, dependencies.keep)


class _SendingEmail(ProviderSteps[SendEmail | SendBulkEmail, Email, str]):
    """A mail that may have arrived is sent again: two mails do no harm, no ticket does."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: SendEmail | SendBulkEmail) -> Email | None:
        return emails.begin(session, message.email_id)

    def call(self, intent: Email) -> str:
        return emails.send(self._dependencies, intent)

    def resolve(self, _intent: Email) -> None:
        return None

    def record(self, session: Session, intent: Email, result: str) -> None:
        emails.record_sent(session, intent, result)

    def failed(
        self, session: Session, message: SendEmail | SendBulkEmail, error: BaseException, *, final: bool
    ) -> None:
        emails.record_failure(session, message.email_id, error, final=final)


class _SendingTextMessage(ProviderSteps[SendSms, TextMessage, str]):
    """A text message that may have arrived is looked for at the provider, and not sent again."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies

    def prepare(self, session: Session, message: SendSms) -> TextMessage | None:
        return text_messages.begin(session, message.sms_id)

    def call(self, intent: TextMessage) -> str:
        return text_messages.send(self._dependencies, intent)

    def resolve(self, intent: TextMessage) -> str:
        return text_messages.look_up(self._dependencies, intent)

    def record(self, session: Session, intent: TextMessage, result: str) -> None:
        text_messages.record_sent(session, intent, result)

    def failed(self, session: Session, message: SendSms, error: BaseException, *, final: bool) -> None:
        text_messages.record_failure(session, message.sms_id, error, final=final)
