"""Telling the people who run this installation."""

import json
from collections.abc import Sequence
from uuid import UUID

from services.notifications.errors import InvalidPhoneNumberError, RecipientOptedOutError, RecipientRefusedError
from services.notifications.letters import AlertLetter
from services.notifications.repository import Alerts, Emails, TextMessages
from shared.contracts.notifications import AlertFailure, AlertOperations, SendBulkEmail, SendEmail, SendSms
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("notifications.alerts")

SHOWN_FIELDS = 2_000
"""Characters of a failed job's fields, and of its error, that an alert shows."""

EXPECTED_OF_RECIPIENTS = frozenset({InvalidPhoneNumberError.code, RecipientOptedOutError.code})
"""A buyer who mistypes a number, or wants no text messages, is nobody's fault: it is logged, and wakes no one."""


def alert(session: Session, message: AlertOperations, operations: Sequence[str]) -> None:
    """Write a log line, and mail it to all of `operations`: one fingerprint once an hour, the others are counted."""
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
    letter = AlertLetter(**message.model_dump(), kept_back=telling.kept_back)
    for recipient in operations:
        _mail(session, recipient, letter, f"{message.kind}:{recipient}:{message.fingerprint}#{telling.number}")


def alert_failure(session: Session, notice: AlertFailure, operations: Sequence[str]) -> None:
    """Tell that a job finally failed.

    An alert that could not be mailed is not mailed either, or it would tell of itself for ever. It counts as not told:
    the next one with its fingerprint is mailed, however soon it comes.
    """
    untold = _untold_alert(session, notice)
    if untold is not None:
        Alerts(session).take_back(untold.fingerprint)
        log.critical(
            "operations alert could not be mailed", subject=untold.subject, text=untold.text, error=notice.error
        )
    elif _is_expected_of_recipients(session, notice):
        log.warning(
            "failed for its recipient", failed_kind=notice.failed_kind, fields=notice.fields, error=notice.error
        )
    else:
        alert(session, _alert_of(notice), operations)


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


def _untold_alert(session: Session, notice: AlertFailure) -> AlertLetter | None:
    """The alert that the failed mail should have told; None where what failed is anything else."""
    email_id = _id(notice, "email_id") if notice.failed_kind == SendEmail.kind else None
    email = Emails(session).hold(email_id) if email_id else None
    if email is None or email.template != AlertLetter.template:
        return None
    return AlertLetter.model_validate(email.facts)


def _is_expected_of_recipients(session: Session, notice: AlertFailure) -> bool:
    """A list of thousands of people has addresses that are none, too: its import says which rows, its log whom."""
    if notice.failed_kind == SendBulkEmail.kind:
        email_id = _id(notice, "email_id")
        return email_id is not None and Emails(session).error_code(email_id) == RecipientRefusedError.code
    sms_id = _id(notice, "sms_id") if notice.failed_kind == SendSms.kind else None
    return sms_id is not None and TextMessages(session).error_code(sms_id) in EXPECTED_OF_RECIPIENTS


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
