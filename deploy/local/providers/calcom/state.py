"""What a local Cal.com holds: hosts, event types, bookings, reservations."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Status = Literal["accepted", "pending", "cancelled", "rejected"]
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass
class Hours:
    """When a host works on some days of the week, in the host's own time zone, as HH:MM; `00:00` ends a whole day."""

    days: list[str] = field(default_factory=lambda: list(WEEKDAYS[:5]))
    start: str = "09:00"
    end: str = "17:00"


@dataclass
class Host:
    """A user of Cal.com whose time is booked. `overrides` replaces the hours of a date: [] is a day off."""

    id: int
    name: str
    email: str
    username: str
    time_zone: str = "Europe/Berlin"
    hours: list[Hours] = field(default_factory=lambda: [Hours()])
    overrides: dict[str, list[Hours]] = field(default_factory=dict)


@dataclass
class EventType:
    """What can be booked. Lengths and `interval`, `notice` in minutes. `fields` are required booking fields."""

    id: int
    slug: str
    title: str
    length: int = 30
    lengths: list[int] = field(default_factory=list)
    hosts: list[int] = field(default_factory=lambda: [1])
    scheduling: Literal["roundRobin", "collective"] | None = None
    interval: int | None = None
    notice: int = 0
    window_days: int | None = None
    requires_confirmation: bool = False
    blocks_unconfirmed: bool = False
    seats: int | None = None
    occurrences: int = 1
    fields: list[str] = field(default_factory=list)
    price: int = 0
    currency: str = "usd"
    location: str = "integrations:daily"
    description: str = ""


@dataclass
class Attendee:
    """Who comes. One of `email` and `phone` at least."""

    name: str
    time_zone: str
    email: str | None = None
    phone: str | None = None
    language: str = "en"
    absent: bool = False
    seat: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass
class Booking:
    """One booking, also one that does not stand any more."""

    id: int
    uid: str
    event_type: EventType
    hosts: list[Host]
    start: datetime
    end: datetime
    status: Status
    attendees: list[Attendee]
    metadata: dict[str, str]
    responses: dict[str, Any]
    guests: list[str]
    ical_uid: str
    created_at: datetime
    updated_at: datetime
    sequence: int = 0
    former: "Booking | None" = None
    rescheduled_to: str | None = None
    reason: str = ""
    absent_host: bool = False
    is_paid: bool = False

    @property
    def stands(self) -> bool:
        """Whether it takes place, or may."""
        return self.status in {"accepted", "pending"}

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether the two have a moment in common."""
        return self.start < end and start < self.end


@dataclass
class Reservation:
    """A slot that is kept free for whoever reserved it, until `until`."""

    uid: str
    event_type: EventType
    start: datetime
    end: datetime
    minutes: int
    until: datetime


@dataclass
class Subscription:
    """Where webhooks go. An empty `secret` signs with nothing, as the original does."""

    id: str
    url: str
    secret: str
    triggers: list[str] | None = None
    active: bool = True


@dataclass
class Account:
    """Everything that belongs to one API key. Whoever reads or changes it holds `lock`."""

    key: str
    hosts: dict[int, Host] = field(default_factory=dict)
    event_types: dict[int, EventType] = field(default_factory=dict)
    bookings: dict[str, Booking] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _last_id: int = 1000

    def next_id(self) -> int:
        """A number that was not given before."""
        self._last_id += 1
        return self._last_id

    def busy(self, host: Host, start: datetime, end: datetime, *, but: str | None = None) -> bool:
        """Whether a booking takes a host's time. Unconfirmed ones count where their type says so."""
        return any(
            host in booking.hosts
            and booking.uid != but
            and booking.overlaps(start, end)
            and (
                booking.status == "accepted" or (booking.status == "pending" and booking.event_type.blocks_unconfirmed)
            )
            for booking in self.bookings.values()
        )

    def reserved(self, kind: EventType, start: datetime, end: datetime, now: datetime) -> list[Reservation]:
        """Reservations of a type's slot that have not run out, the earliest first."""
        return [
            held
            for held in self.reservations.values()
            if held.event_type is kind and held.start < end and start < held.end and held.until > now
        ]


def furnish(account: Account) -> None:
    """One practice with two hosts and three things to book: what every local Cal.com begins with."""
    account.hosts = {
        1: Host(1, "Dr. Jane Doe", "jane@practice.example", "jane"),
        2: Host(2, "Dr. John Roe", "john@practice.example", "john"),
    }
    kinds = (
        EventType(1, "check-up", "Check-up", 30, location="Example Street 1, Berlin"),
        EventType(
            2, "consultation", "Consultation", 60, requires_confirmation=True, location="Example Street 1, Berlin"
        ),
        EventType(3, "cleaning", "Cleaning", 30, lengths=[30, 60], hosts=[2], location="Example Street 1, Berlin"),
    )
    account.event_types = {kind.id: kind for kind in kinds}


def new_uid() -> str:
    """22 characters, as Cal.com's short ids have."""
    return "".join(secrets.choice(ALPHABET) for _ in range(22))


def minutes(count: float) -> timedelta:
    """As a span."""
    return timedelta(minutes=count)
