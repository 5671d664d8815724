"""Sending one mail of the mail log."""

from uuid import UUID

from services.notifications.domain.progress import Progress, State, begun, not_sent, sent
from services.notifications.domain.progress import suppressed as made_suppressed
from services.notifications.domain.sendings import Channel, Email
from services.notifications.errors import (
    BodyTrimmedError,
    MailNotSetUpError,
    PictureLostError,
    RecipientRefusedError,
    UnknownEmailError,
    code_of,
    surely_not_sent,
)
from services.notifications.handlers.dependencies import Dependencies
from services.notifications.handlers.endings import email_ended
from services.notifications.repository import Emails, Suppressions
from shared.contracts.ticketing import RedrawPictures
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("notifications.emails")


def begin(session: Session, email_id: UUID) -> Email | None:
    """Write down that a try begins, and return the mail; None where nothing is left to do.

    SMTP has no way to ask what became of a try. One whose outcome is open is therefore repeated, and counted.
    Raises UnknownEmailError, BodyTrimmedError.
    """
    emails = Emails(session)
    email = emails.hold(email_id)
    if email is None:
        raise UnknownEmailError(f"the mail log has no row {email_id}")
    if email.progress.is_over:
        return None
    if email.is_trimmed:
        raise BodyTrimmedError(f"what mail {email_id} said is not kept any more: have it written anew")
    if email.progress.state is State.QUEUED and Suppressions(session).has(Channel.EMAIL, email.recipient):
        progress = made_suppressed(email.progress)
        emails.suppress(email_id, progress)
        email_ended(session, email, progress.state)
        log.warning("mail suppressed", email_id=email_id, recipient=email.recipient, template=email.template)
        return None
    progress = begun(email.progress, repeats=True)
    emails.begin(email_id, progress)
    if progress.repeated_after_unknown > email.progress.repeated_after_unknown:
        log.warning("mail is repeated, possibly sent twice", email_id=email_id, repeats=progress.repeated_after_unknown)
    return email


def send(dependencies: Dependencies, email: Email) -> str:
    """Compose the mail and hand it over; returns the server's answer. Raises what the composer and the mailer raise."""
    if dependencies.mailer is None:
        raise MailNotSetUpError(f"mail {email.id} waits: set NOTIFICATIONS_SMTP_URL and retry the job")
    return dependencies.mailer.send(dependencies.composer.compose(email))


def record_sent(session: Session, email: Email, answer: str) -> None:
    """The server took it."""
    emails = Emails(session)
    held = emails.hold(email.id)
    if held is None or held.progress.is_over:
        return
    progress = sent(held.progress)
    emails.settle(email.id, progress, answer)
    email_ended(session, held, progress.state)
    _log_sent(email, progress, answer)


def record_failure(session: Session, email_id: UUID, error: BaseException, *, final: bool) -> None:
    """A try failed. A recipient whose mailbox is gone is not written to again."""
    emails = Emails(session)
    held = emails.hold(email_id)
    if held is None or held.progress.is_over:
        return
    progress = not_sent(held.progress, surely=surely_not_sent(error), final=final)
    emails.fail(email_id, progress, code_of(error), str(error))
    email_ended(session, held, progress.state)
    if isinstance(error, RecipientRefusedError) and error.gone:
        Suppressions(session).add(Channel.EMAIL, held.recipient, code=error.code, reason=str(error))
    if isinstance(error, PictureLostError):
        publish(session, RedrawPictures(keys=tuple(ticket["qr_key"] for ticket in held.facts["tickets"])))
    tell = log.error if final else log.warning
    tell(
        "mail failed" if final else "mail not sent yet",
        email_id=email_id,
        recipient=held.recipient,
        template=held.template,
        state=progress.state,
        code=code_of(error),
        error=str(error),
        **_whom(held),
    )


def _whom(email: Email) -> dict[str, str]:
    """Whom the mail is about, where its letter names a person: a failure is looked for by them."""
    return {"person_id": str(email.facts["person_id"])} if "person_id" in email.facts else {}


def _log_sent(email: Email, progress: Progress, answer: str) -> None:
    facts = {"email_id": email.id, "template": email.template, "answer": answer}
    if progress.maybe_sent_twice:
        log.warning("mail sent, possibly sent twice", repeats=progress.repeated_after_unknown, **facts)
    else:
        log.info("mail sent", **facts)
