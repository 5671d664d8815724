"""From a row of the mail log to the bytes of a mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from functools import cache
from typing import Any, TypeGuard

import jinja2
from pydantic import ValidationError

from services.notifications.composing.appointments import Teller
from services.notifications.composing.enclosures import Enclosure, ReadObject, enclosures_of, read_all
from services.notifications.composing.mailboxes import MailboxHeader
from services.notifications.composing.reports import ReportTeller
from services.notifications.composing.subjects import EncodedSubject
from services.notifications.composing.welcomes import WelcomeTeller
from services.notifications.domain.mailboxes import Mailbox, mailbox
from services.notifications.domain.money import money
from services.notifications.domain.sendings import ComposedMail, Email
from services.notifications.domain.texts import counted, long_moment, one_line
from services.notifications.errors import MailNotComposableError
from services.notifications.letters import (
    LETTERS,
    AlertLetter,
    AppointmentLetter,
    Letter,
    ReportLetter,
    TicketsLetter,
    WelcomeLetter,
)


@dataclass(frozen=True, slots=True)
class Composer:
    """Composes the mails of this installation: `sender` writes them, `zone` is the time zone of moments in them."""

    sender: Mailbox
    zone: tzinfo
    read_object: ReadObject

    def compose(self, email: Email) -> ComposedMail:
        """The mail of a row. One row always gives the same bytes, so that a repeat can be told for what it is.

        Raises RecipientRefusedError for what is no address, MailNotComposableError for facts that fit no template,
        MailTooLargeError for files that no mail carries, and what reading them from the storage raises.
        """
        to = mailbox(email.recipient, email.recipient_name)
        letter = _letter_of(email)
        files = read_all(self.read_object, enclosures_of(letter, email, self.sender.domain))
        needs_utf8 = not (self.sender.address + to.address).isascii()
        try:
            message = EmailMessage(_policy(needs_utf8=needs_utf8))
            self._head(message, email, to, letter)
            self._body(message, letter, files)
            self._calendar(message, email, to, letter)
            _bound(message, email)
            content = message.as_bytes()
        except (jinja2.TemplateError, LookupError, TypeError, ValueError) as error:
            raise MailNotComposableError(f"mail {email.id} ({email.template}): {error}") from error
        return ComposedMail(self.sender.address, to.address, content, needs_utf8)

    def _head(self, message: EmailMessage, email: Email, to: Mailbox, letter: Letter) -> None:
        """A repeat bears the same Message-ID and Date, by which mail programs show the two as one."""
        message["From"] = MailboxHeader("From", self._sender_of(letter))
        message["To"] = MailboxHeader("To", to)
        subject = _header_text(_subject(letter), 200)
        message["Subject"] = subject if subject.isascii() else EncodedSubject(subject)
        message["Date"] = email.created_at
        message["Message-ID"] = f"<{email.id}@{self.sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"

    def _body(self, message: EmailMessage, letter: Letter, files: Sequence[tuple[Enclosure, bytes]]) -> None:
        facts = _spoken(letter, self.zone, [enclosure for enclosure, _ in files])
        message.set_content(_templates().get_template(f"{letter.template}.txt.j2").render(facts))
        if not isinstance(letter, AlertLetter):
            page_text = _templates().get_template(f"{letter.template}.html.j2").render(facts)
            message.add_alternative(page_text, subtype="html")
            _show(message, files)
        for enclosure, content in files:
            if not enclosure.content_id:
                message.add_attachment(content, *enclosure.types, filename=enclosure.name)

    def _calendar(self, message: EmailMessage, email: Email, to: Mailbox, letter: Letter) -> None:
        """The calendar file twice: as an alternative, by which mail programs know an invitation, and to be opened."""
        made = Teller.of(letter).calendar(email.created_at, self.sender, to) if _is_appointment(letter) else None
        if made is None:
            return
        text, method = made
        message.add_alternative(text, subtype="calendar", params={"method": method})
        name = "cancel.ics" if method == "CANCEL" else "appointment.ics"
        message.add_attachment(text.encode(), "application", "ics", filename=name)

    def _sender_of(self, letter: Letter) -> Mailbox:
        """A customer knows the company, not who runs its installation."""
        company = ""
        if _is_appointment(letter):
            company = one_line(letter.company, 100)
        elif isinstance(letter, WelcomeLetter):
            company = one_line(letter.sender, 100)
        return replace(self.sender, name=company) if company else self.sender


def _show(message: EmailMessage, files: Sequence[tuple[Enclosure, bytes]]) -> None:
    """Put the pictures beside the page that shows them."""
    *_, page = message.iter_parts()
    for enclosure, content in files:
        if enclosure.content_id:
            page.add_related(content, *enclosure.types, cid=f"<{enclosure.content_id}>", filename=enclosure.name)


def _is_appointment(letter: Letter) -> TypeGuard[AppointmentLetter]:
    return isinstance(letter, AppointmentLetter)


def _bound(message: EmailMessage, email: Email) -> None:
    """Boundaries that are the same each time the mail is composed."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=={email.id.hex}.{number}==")


def _letter_of(email: Email) -> Letter:
    """The facts of a row, read as its template's. Raises MailNotComposableError."""
    kind = LETTERS.get(email.template)
    if kind is None:
        raise MailNotComposableError(f"mail {email.id}: there is no template {email.template!r}")
    try:
        return kind.model_validate(email.facts)
    except ValidationError as error:
        raise MailNotComposableError(f"mail {email.id} ({email.template}): {error}") from error


def _subject(letter: Letter) -> str:
    match letter:
        case TicketsLetter(ticket_count=1):
            return f"Your ticket for {letter.event_name}"
        case TicketsLetter():
            return f"Your {counted(letter.ticket_count, 'ticket')} for {letter.event_name}"
        case AlertLetter():
            return f"[Bellhop {letter.severity}] {letter.subject}"
        case AppointmentLetter():
            return Teller.of(letter).subject()
        case ReportLetter():
            return ReportTeller.of(letter).subject()
        case WelcomeLetter():
            return WelcomeTeller(letter).subject()
    raise MailNotComposableError(f"nobody has said what the subject of {letter.template!r} is")


def _spoken(letter: Letter, zone: tzinfo, enclosures: Sequence[Enclosure]) -> Mapping[str, Any]:
    """What the templates of a letter see: words, not facts."""
    match letter:
        case TicketsLetter():
            return _spoken_tickets(letter, zone, enclosures)
        case AppointmentLetter():
            return Teller.of(letter).spoken()
        case ReportLetter():
            return ReportTeller.of(letter).spoken(enclosures)
        case WelcomeLetter():
            return WelcomeTeller(letter).spoken()
    return letter.model_dump()


def _spoken_tickets(letter: TicketsLetter, zone: tzinfo, images: Sequence[Enclosure]) -> Mapping[str, Any]:
    tickets = [
        {"code": one_line(ticket.code), "ticket_type": one_line(ticket.ticket_type), "content_id": image.content_id}
        for ticket, image in zip(letter.tickets, images, strict=True)
    ]
    return {
        "subject": one_line(_subject(letter)),
        "event_name": one_line(letter.event_name),
        "starts_at": long_moment(letter.starts_at, zone),
        "venue": one_line(letter.venue),
        "customer_name": one_line(letter.customer_name, 100),
        "number": one_line(letter.number),
        "paid": money(letter.amount, letter.currency) if letter.amount else "Free of charge",
        "ticket_count": letter.ticket_count,
        "counted": counted(letter.ticket_count, "ticket"),
        "tickets": tickets,
        "tickets_url": letter.tickets_url,
    }


def _header_text(text: str, limit: int) -> str:
    """One line that is read as it stands: `=?` would begin an encoded word (RFC 2047), in which a name could hide another."""
    return one_line(text, limit).replace("=?", "= ?")


@cache
def _policy(*, needs_utf8: bool) -> "EmailPolicy[Any]":
    """Lines that every server takes: CRLF, no eighth bit but where an address cannot do without it."""
    return SMTP.clone(utf8=True) if needs_utf8 else SMTP.clone(cte_type="7bit")


@cache
def _templates() -> jinja2.Environment:
    """The templates of this package. A name that a template misspells is an error, not an empty place."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("services.notifications"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
