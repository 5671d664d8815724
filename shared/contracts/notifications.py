"""Messages of the notifications service: mail, SMS, alerts to operations."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.message import Command, FailureNotice


class SendEmail(Command):
    """Send the mail of this row of the mail log."""

    kind: ClassVar[str] = "notifications.email.send"
    email_id: UUID


class SendSms(Command):
    """Send the text message of this row of the SMS log."""

    kind: ClassVar[str] = "notifications.sms.send"
    sms_id: UUID


class AlertOperations(Command):
    """Tell the people who run this installation, by mail to OPERATIONS_EMAIL and by a log line.

    The same `fingerprint` within an hour is told once.
    """

    kind: ClassVar[str] = "notifications.operations.alert"
    subject: str
    text: str
    fingerprint: str
    severity: Literal["warning", "critical"] = "warning"


class AlertFailure(FailureNotice):
    """Tell operations that a job finally failed."""

    kind: ClassVar[str] = "notifications.operations.alert_failure"
