"""The states of an appointment, and what may follow what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class State(StrEnum):
    """Where an appointment stands.

    `wanted` by a caller; `booking`: its time is held here, and the provider is being asked; `offered`: its time was
    taken, and others are offered; `requested`: the provider's owner has to confirm it; `booked`; `cancelled`, `rejected`
    by that owner, `no_show`; `failed`: it could not be booked, and somebody has to look at it.
    """

    WANTED = "wanted"
    BOOKING = "booking"
    OFFERED = "offered"
    REQUESTED = "requested"
    BOOKED = "booked"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NO_SHOW = "no_show"
    FAILED = "failed"


_BY_PROVIDER = frozenset({State.REQUESTED, State.BOOKED, State.CANCELLED, State.REJECTED})
"""What a provider says is so, whatever was thought here: its calendar is the truth."""

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.WANTED: _BY_PROVIDER | {State.BOOKING, State.OFFERED, State.FAILED},
    State.BOOKING: _BY_PROVIDER | {State.OFFERED, State.FAILED},
    State.OFFERED: _BY_PROVIDER | {State.WANTED},
    State.REQUESTED: _BY_PROVIDER | {State.NO_SHOW},
    State.BOOKED: _BY_PROVIDER | {State.NO_SHOW},
    State.CANCELLED: _BY_PROVIDER,
    State.REJECTED: _BY_PROVIDER,
    State.NO_SHOW: _BY_PROVIDER,
    State.FAILED: _BY_PROVIDER | {State.WANTED, State.BOOKING, State.OFFERED},
}
"""What may follow a state. A cancelled booking can be moved to a new time, and stands again."""

AT_PROVIDER = frozenset({State.REQUESTED, State.BOOKED})
"""The states in which a provider's calendar has a booking that takes place, unless it is cancelled or moved."""

NOT_AT_PROVIDER = frozenset({State.WANTED, State.OFFERED, State.FAILED})
"""The states in which no provider knows of an appointment: it is cancelled here alone."""


def may_follow(present: State, following: State) -> bool:
    """Whether the table has this transition."""
    return following in TRANSITIONS[present]


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as it stands. `moves` counts how often it was moved since it was booked first.

    `sequence` and `told_at` are those of the newest word of the provider. `wish` is what our side is asking for.
    """

    id: UUID
    organisation_id: UUID
    connection_id: UUID
    call_id: UUID | None
    customer_id: UUID | None
    event_type_id: UUID | None
    host_number: int | None
    shares_host: bool
    state: State
    service: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    language: str
    name: str
    email: str | None
    phone: str | None
    booking_uid: str | None
    booking_number: int | None
    ical_uid: str | None
    sequence: int
    told_at: datetime | None
    moves: int
    meeting_url: str | None
    location: str | None
    is_paid: bool
    wish: Mapping[str, Any] | None
    reason: str | None
    detail: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_ours(self) -> bool:
        """Whether a call led to it: then we write to the customer. To all others the provider itself writes."""
        return self.call_id is not None

    @property
    def minutes(self) -> int:
        """How long it is."""
        return round((self.ends_at - self.starts_at).total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An appointment that somebody wants, before anybody was asked. `host_number` is None where the provider chooses."""

    id: UUID
    organisation_id: UUID
    connection_id: UUID
    call_id: UUID | None
    event_type_id: UUID
    host_number: int | None
    shares_host: bool
    service: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    language: str
    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class EventType:
    """What can be booked. `host_number` is None where the provider chooses among several hosts.

    `lengths` are all that it can have, in minutes; `length_minutes` is the usual one.
    """

    id: UUID
    organisation_id: UUID
    connection_id: UUID
    external_id: int
    slug: str
    title: str
    length_minutes: int
    lengths: tuple[int, ...]
    needs_confirmation: bool
    has_seats: bool
    host_number: int | None
    synced_at: datetime
    gone_at: datetime | None
