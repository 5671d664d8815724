"""What each kind of mail says: the facts that are kept in the mail log, and from which it is composed.

A row may be read by a later release than wrote it: fields are only ever added here, with a default.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.notifications import (
    Attached,
    CalendarEntry,
    OfferedSlot,
    ReportedFigure,
    TellAboutAppointment,
    TellAboutReport,
    WelcomePerson,
)
from shared.contracts.ticketing import OrderFulfilled


class Letter(BaseModel):
    """`template` names the files templates/<template>.html.j2 (where it has one) and .txt.j2. It never changes."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    template: ClassVar[str]

    def facts(self) -> dict[str, Any]:
        """The form in which the mail log keeps it."""
        return self.model_dump(mode="json")


class LetterTicket(BaseModel):
    """One ticket of a letter. Its token is not here: the QR image in storage holds it, and the log need not."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    ticket_type: str
    qr_key: str


class TicketsLetter(Letter):
    """To the buyer: the tickets of an order. `tickets` may hold fewer than `ticket_count`; all are at `tickets_url`."""

    template: ClassVar[str] = "tickets"

    number: str
    event_name: str
    starts_at: datetime
    venue: str
    customer_name: str
    amount: int
    currency: str
    ticket_count: int
    tickets: list[LetterTicket]
    tickets_url: str

    @classmethod
    def of(cls, event: OrderFulfilled) -> "TicketsLetter":
        tickets = [LetterTicket(code=t.code, ticket_type=t.ticket_type, qr_key=t.qr_key) for t in event.tickets]
        return cls(
            number=event.number,
            event_name=event.event_name,
            starts_at=event.starts_at,
            venue=event.venue or "",
            customer_name=event.customer_name,
            amount=event.amount,
            currency=event.currency,
            ticket_count=event.ticket_count,
            tickets=tickets,
            tickets_url=event.tickets_url,
        )


class AlertLetter(Letter):
    """To operations: something needs a person. `kept_back` were like it since the last mail about it."""

    template: ClassVar[str] = "operations_alert"

    subject: str
    text: str
    fingerprint: str
    severity: Literal["warning", "critical"]
    kept_back: int = 0


class AppointmentLetter(Letter):
    """To a customer: what has become of an appointment. The fields are those of TellAboutAppointment."""

    template: ClassVar[str] = "appointment"

    letter: Literal["confirmed", "requested", "moved", "cancelled", "reminder", "offer", "call_back"]
    company: str
    name: str
    language: str = "en"
    time_zone: str = "UTC"
    service: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    previous_starts_at: datetime | None = None
    location: str = ""
    reason: str = ""
    calendar: CalendarEntry | None = None
    manage_url: str = ""
    slots: tuple[OfferedSlot, ...] = ()

    @classmethod
    def of(cls, message: TellAboutAppointment) -> "AppointmentLetter":
        return cls.model_validate(message.model_dump())


class ReportLetter(Letter):
    """To whoever asked the reports service for something. The fields are those of TellAboutReport."""

    template: ClassVar[str] = "report"

    letter: Literal["export_ready", "export_failed", "import_finished", "import_failed", "weekly_report"]
    name: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    subject_of: str
    url: str = ""
    expires_at: datetime | None = None
    reason: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    lines: tuple[str, ...] = ()
    period_starts: date | None = None
    figures: tuple[ReportedFigure, ...] = ()
    attachments: tuple[Attached, ...] = ()

    @classmethod
    def of(cls, message: TellAboutReport) -> "ReportLetter":
        return cls.model_validate(message.model_dump())


class WelcomeLetter(Letter):
    """To somebody who is new: the organisation's own words, or ours where it has none."""

    template: ClassVar[str] = "welcome"

    person_id: UUID
    name: str
    language: str = "en"
    sender: str = ""
    text: str = ""

    @classmethod
    def of(cls, message: WelcomePerson) -> "WelcomeLetter":
        return cls.model_validate(message.model_dump())


LETTERS: dict[str, type[Letter]] = {
    letter.template: letter for letter in (TicketsLetter, AlertLetter, AppointmentLetter, ReportLetter, WelcomeLetter)
}
