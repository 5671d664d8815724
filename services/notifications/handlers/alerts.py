"""Telling the people who run this installation."""

import json
from collections.abc import Sequence
from uuid import UUID

from services.notifications.errors import InvalidPhoneNumberError, RecipientOptedOutError
from services.notifications.letters import AlertLetter
from services.notifications.repository import Alerts, Emails, TextMessages
from shared.contracts.notifications import AlertFailure, AlertOperations, SendEmail, SendSms
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("notifications.alerts")

SHOWN_FIELDS = 2_000
"""Characters of a failed job's fields, and of its error, that an alert shows."""

EXPECTED_OF_RECIPIENTS = frozenset({InvalidPhoneNumberError.code, RecipientOptedOutError.code})
"""A buyer who mistypes a number, or wants no text messages, is nobody's fault: it is logged, and wakes no one."""


def alert(session: Session, message: AlertOperations, operations: Sequence[str]) -> None:
    """Write a log line, and mail it to everyone in `operations`: the same fingerprint once an hour, the others counted."""
    telling = Alerts(session).count(
        message.fingerprint, severity=message.severity, subject=message.subject, text=message.text
    )
    tell = log.critical if message.severity == "critical" else log.warning
    tell(
        "operations alert",
        subject=message.subject,
        text=message.text,
        fingerprint=message.fingerprint,
        is_mailed=telling.is_told and bool(operations),
        kept_back=telling.kept_back,
    )
    if not telling.is_told:
        return
    letter = AlertLetter(
        subject=message.subject, text=message.text, severity=message.severity, kept_back=telling.kept_back
    )
    for recipient in operations:
        _mail(session, recipient, letter, f"{message.kind}:{recipient}:{message.fingerprint}#{telling.number}")


def alert_failure(session: Session, notice: AlertFailure, operations: Sequence[str]) -> None:
    """Tell that a job finally failed. An alert that cannot be mailed is only logged, or it would tell of itself for ever."""
    mailed = () if _stays_in_the_log(session, notice) else operations
    alert(session, _alert_of(notice), mailed)


def _alert_of(notice: AlertFailure) -> AlertOperations:
    fields = json.dumps(notice.fields, ensure_ascii=False)[:SHOWN_FIELDS]
    text = (
        f"{notice.failed_kind} failed and is not tried again ({notice.reason}).\n\n"
        f"Error: {notice.error[:SHOWN_FIELDS]}\n"
        f"Message: {notice.failed_message_id}\n"
        f"Fields: {fields}\n\n"
        "It is in the list of failed jobs, from where it can be retried: bellhop failed list"
    )
    return AlertOperations(
        subject=f"{notice.failed_kind} failed",
        text=text,
        fingerprint=f"failed:{notice.failed_kind}",
        severity="critical",
    )


def _stays_in_the_log(session: Session, notice: AlertFailure) -> bool:
    if notice.failed_kind == SendEmail.kind and (email_id := _id(notice, "email_id")):
        email = Emails(session).hold(email_id)
        return email is not None and email.template == AlertLetter.template
    if notice.failed_kind == SendSms.kind and (sms_id := _id(notice, "sms_id")):
        return TextMessages(session).error_code(sms_id) in EXPECTED_OF_RECIPIENTS
    return False


def _id(notice: AlertFailure, name: str) -> UUID | None:
    """A field of the failed message, which may have failed just because it is no id."""
    try:
        return UUID(str(notice.fields.get(name)))
    except ValueError:
        return None


def _mail(session: Session, recipient: str, letter: AlertLetter, key: str) -> None:
    email_id = new_id()
    added = Emails(session).add(
        email_id,
        key=key,
        organisation_id=None,
        recipient=recipient,
        recipient_name="",
        template=letter.template,
        facts=letter.facts(),
    )
    if added:
        publish(session, SendEmail(email_id=email_id))
