"""Messages of the notifications service: mail, SMS, alerts to operations."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import Command, Event, FailureNotice


class SendEmail(Command):
    """Send the mail of this row of the mail log."""

    kind: ClassVar[str] = "notifications.email.send"
    email_id: UUID


class SendBulkEmail(Command):
    """Send the mail of this row of the mail log, which is one of many alike: no ticket waits behind them."""

    kind: ClassVar[str] = "notifications.email.send_bulk"
    email_id: UUID


class SendSms(Command):
    """Send the text message of this row of the SMS log."""

    kind: ClassVar[str] = "notifications.sms.send"
    sms_id: UUID


class PurgeNotifications(Command):
    """Let go of what was written, and of its log, when its time is over. Published every hour."""

    kind: ClassVar[str] = "notifications.data.purge"


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


class OfferedSlot(BaseModel):
    """A time that a customer may take, and the link that takes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    starts_at: datetime
    url: str


class CalendarEntry(BaseModel):
    """What the calendar file (RFC 5545) needs besides the times: the same `uid` for ever, and a growing `sequence`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    uid: str
    sequence: int


class TellAboutAppointment(Command):
    """Write to a customer about an appointment, by mail and by text message, as far as there are addresses.

    `key` is what makes it one letter: heard again with the same key, nothing is sent. `service` is what was booked, as
    people say it. `time_zone` is an IANA name, `language` an ISO 639-1 code. A letter with `calendar` carries a calendar
    file, one that cancels for `cancelled`.
    """

    kind: ClassVar[str] = "notifications.appointment.tell"
    letter: Literal["confirmed", "requested", "moved", "cancelled", "reminder", "offer", "call_back"]
    key: str
    organisation_id: UUID
    company: str
    name: str
    email: str | None = None
    phone: str | None = None
    language: str = "en"
    time_zone: str = "UTC"
    appointment_id: UUID | None = None
    service: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    previous_starts_at: datetime | None = None
    location: str = ""
    reason: str = ""
    calendar: CalendarEntry | None = None
    manage_url: str = ""
    slots: tuple[OfferedSlot, ...] = ()


class Attached(BaseModel):
    """A file of the storage that a letter carries. With `inline` it is a picture that the letter shows, and
    `description` tells those who do not see it what is in it. The files of one letter have at most 10 MiB together.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    storage_key: str
    name: str
    content_type: str
    inline: bool = False
    description: str = ""


class ReportedFigure(BaseModel):
    """A headline of a report, written out in the reader's language: `EUR 1,250.00`, and `+12 %` against before."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    value: str
    change: str = ""
    direction: Literal["up", "down", "same"] = "same"


class TellAboutReport(Command):
    """Write to a person about what they asked the reports service for.

    `key` is what makes it one letter: heard again with the same key, nothing is sent. `subject_of` is the thing in the
    person's words (`attendees.xlsx`, the name of an imported file, the name of an organisation). `counts` are shown in
    their order, as figures with names known to the letter (`rows`, `created`, `updated`, `unchanged`, `failed`); `lines`
    are sentences of their own, such as the first errors. A weekly report has `figures`, and the Monday it begins on.
    """

    kind: ClassVar[str] = "notifications.report.tell"
    letter: Literal["export_ready", "export_failed", "import_finished", "import_failed", "weekly_report"]
    key: str
    organisation_id: UUID
    email: str
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


class WelcomePerson(Command):
    """Write a welcome to somebody who is new. `key` makes it one letter; a failure is logged with `person_id`."""

    kind: ClassVar[str] = "notifications.person.welcome"
    key: str
    organisation_id: UUID
    person_id: UUID
    name: str
    email: str
    language: str = "en"
    sender: str = ""
    text: str = ""


class NotificationEnded(Event):
    """A mail or a text message has come to its end: `state` says which."""

    kind: ClassVar[str] = "notifications.notification.ended"
    notification_id: UUID
    organisation_id: UUID | None
    channel: Literal["email", "sms"]
    template: str
    state: Literal["sent", "failed", "unknown", "suppressed"]
    ended_at: datetime
