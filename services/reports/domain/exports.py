"""Exports: what can be asked for, what becomes of it, and how long it is kept."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.reports.errors import ExportFilterError
from shared.retention import Prefix, kept_with

EXPORTS: Final = Prefix("exports", kept_with("reports.exports"))
KEPT_FOR: Final = timedelta(days=7)
"""For so long the link is good, and the file is kept."""
MOST_OPEN: Final = 50
"""Exports that one organisation may have waiting or running."""


class Kind(StrEnum):
    """What is exported."""

    ATTENDEES = "attendees"
    ORDERS = "orders"
    PAYMENTS = "payments"
    CHECK_INS = "check_ins"
    APPOINTMENTS = "appointments"


class Format(StrEnum):
    """The form of the file; also the ending of its name."""

    CSV = "csv"
    XLSX = "xlsx"
    PDF = "pdf"


class Language(StrEnum):
    """In which headings and states are written (ISO 639-1)."""

    EN = "en"
    DE = "de"


class State(StrEnum):
    """Where an export stands. It is over when it is ready or failed."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


CONTENT_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PDF: "application/pdf",
}
STATUSES: Final = {
    Kind.ATTENDEES: ("issued", "checked_in"),
    Kind.ORDERS: ("held", "paid", "fulfilled", "expired", "cancelled"),
    Kind.APPOINTMENTS: ("booked", "cancelled"),
}
"""What the rows of a kind can be filtered by; the other kinds have none."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are exported. `since` and `until` (not included) are of the moment that a kind is ordered by."""

    event_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    status: tuple[str, ...] = ()

    def as_stored(self) -> dict[str, Any]:
        """As JSON, without what is not set."""
        found: dict[str, Any] = {}
        if self.event_id is not None:
            found["event_id"] = str(self.event_id)
        if self.since is not None:
            found["since"] = self.since.isoformat()
        if self.until is not None:
            found["until"] = self.until.isoformat()
        return {**found, "status": list(self.status)} if self.status else found

    @classmethod
    def stored(cls, stored: dict[str, Any]) -> "Filter":
        """As it was kept."""
        since, until, event_id = stored.get("since"), stored.get("until"), stored.get("event_id")
        return cls(
            event_id=UUID(event_id) if event_id else None,
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(until) if until else None,
            status=tuple(stored.get("status", ())),
        )


def check_filter(kind: Kind, chosen: Filter) -> None:
    """Raises ExportFilterError, which says what to do, for what rows of this kind cannot be filtered by."""
    if chosen.event_id is not None and kind is Kind.APPOINTMENTS:
        raise ExportFilterError("appointments belong to no event: leave event_id out of the filter")
    possible = STATUSES.get(kind, ())
    unknown = sorted(set(chosen.status) - set(possible))
    if unknown:
        says = f"is one of {', '.join(possible)}" if possible else "cannot be filtered by"
        raise ExportFilterError(f"the status of {kind} {says}, not {', '.join(unknown)}")
    if chosen.since is not None and chosen.until is not None and chosen.since >= chosen.until:
        raise ExportFilterError("since must be before until, which is not included")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for. `email` is who is told, or empty; `time_zone` an IANA name."""

    kind: Kind
    format: Format
    filter: Filter
    language: Language
    time_zone: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Wanted(Asked):
    """An export that is to be made, in the name of a key of its organisation."""

    id: UUID = field(kw_only=True)
    organisation_id: UUID = field(kw_only=True)
    key_id: UUID = field(kw_only=True)

    @property
    def file_name(self) -> str:
        """As the file is called where it is saved."""
        return f"{self.kind.replace('_', '-')}.{self.format}"

    @property
    def storage_key(self) -> str:
        """Where the file is kept: the same however often it is made."""
        return EXPORTS.key(self.organisation_id, f"{self.id}.{self.format}")

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]


@dataclass(frozen=True, slots=True)
class Export(Wanted):
    """An export as it stands. `progress` is a percentage, `size` in bytes."""

    state: State = State.QUEUED
    progress: int = 0
    row_count: int | None = None
    size: int | None = None
    failure_code: str | None = None
    failure: str | None = None
    created_at: datetime = field(kw_only=True)
    finished_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state in {State.READY, State.FAILED}

    def is_expired(self, now: datetime) -> bool:
        """Whether its file is no longer given out."""
        return self.expires_at is not None and self.expires_at <= now


def percentage(done: int, total: int) -> int:
    """How much of the rows is written: at most 95, since storing the file comes after it."""
    return 95 if total <= done else 95 * done // total


def public_path(export_id: UUID) -> str:
    """The path of the link that a person opens."""
    return f"/exports/{export_id}/file"
