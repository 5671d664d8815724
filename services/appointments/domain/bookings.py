"""Bookings as a provider tells of them, in answers, webhooks and lists, and which of its words is the newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.appointments.domain.appointments import Appointment, State

SEARCH_LAG = timedelta(seconds=60)
"""How far a provider's search may be behind its bookings: not found is only believed so long after the asking."""

DOUBT = timedelta(minutes=5)
"""For so long after an unanswered booking, "this time is taken" may mean: by that very booking."""


class Standing(StrEnum):
    """What a provider says of a booking."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


STATES = {
    Standing.PENDING: State.REQUESTED,
    Standing.ACCEPTED: State.BOOKED,
    Standing.CANCELLED: State.CANCELLED,
    Standing.REJECTED: State.REJECTED,
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a provider about one booking: all that it says of it at a moment.

    `former_uid` is what it was called before it was moved; `following_uid` is set on a booking that has been moved on.
    `sequence` is None where the provider did not say; then `told_at` alone decides what is newer.
    """

    uid: str
    standing: Standing
    starts_at: datetime
    ends_at: datetime
    told_at: datetime
    number: int | None = None
    sequence: int | None = None
    former_uid: str | None = None
    following_uid: str | None = None
    ical_uid: str | None = None
    appointment_id: UUID | None = None
    event_type: int | None = None
    title: str = ""
    host: int | None = None
    host_name: str = ""
    name: str = ""
    email: str | None = None
    phone: str | None = None
    time_zone: str = "UTC"
    language: str = "en"
    meeting_url: str | None = None
    location: str | None = None
    reason: str | None = None
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class NoShow:
    """Somebody did not come (or did, after all)."""

    uid: str
    is_absent: bool
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Paid:
    """A booking was paid."""

    uid: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Ignored:
    """A webhook that means nothing here, and why."""

    reason: str


Told = Word | NoShow | Paid | Ignored


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a provider's bookings. `cursor` leads to the next ones; None where these were the last."""

    words: Sequence[Word]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Offering:
    """An event type as its provider describes it. `host` is None where there are several, or none is named."""

    external_id: int
    slug: str
    title: str
    length_minutes: int
    lengths: tuple[int, ...]
    needs_confirmation: bool
    has_seats: bool
    host: int | None
    host_name: str


@dataclass(slots=True)
class Usage:
    """How often a provider was asked. `remaining` requests it will still answer, before `reset_seconds` have passed."""

    requests: int = 0
    remaining: int | None = None
    reset_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a provider is asked to book. `length_minutes` is None for the event type's usual length."""

    appointment_id: UUID
    call_id: str | None
    event_type: int
    starts_at: datetime
    length_minutes: int | None
    name: str
    email: str | None
    phone: str | None
    time_zone: str
    language: str


def is_news(appointment: Appointment, word: Word) -> bool:
    """Whether a word is newer than what was applied last.

    Rule: by (sequence, moment); a word without a sequence by its moment alone. A word about the booking's next uid is
    newer than all about the former one.
    """
    if appointment.booking_uid is None or appointment.told_at is None:
        return True
    if word.former_uid is not None and word.former_uid == appointment.booking_uid:
        return True
    if word.sequence is not None and word.sequence != appointment.sequence:
        return word.sequence > appointment.sequence
    return word.told_at > appointment.told_at
