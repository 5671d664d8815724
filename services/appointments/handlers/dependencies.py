"""What the use cases need from outside, put together once in each process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from services.appointments.domain.bookings import Offering, Page, Request, Told, Usage, Word
from services.appointments.domain.calls import CallTold
from services.appointments.domain.connections import Credentials
from services.appointments.domain.retention import Keep
from shared.clock import Clock, now


class Calendar(Protocol):
    """What is asked of the adapter that knows a provider of calendars. It is made for one connection.

    `usage` is how often the provider was asked through it. All requests together have 30 seconds, or as many as
    `allow` says. All methods raise BellhopError.
    """

    usage: Usage

    def allow(self, seconds: float) -> None: ...

    def event_types(self) -> Sequence[Offering]: ...

    def slots(
        self,
        event_type: int,
        since: datetime,
        until: datetime,
        *,
        length_minutes: int | None = None,
        moving_uid: str | None = None,
    ) -> Sequence[datetime]: ...

    def reserve(self, request: Request) -> str: ...

    def book(self, request: Request, reservation: str | None) -> Word: ...

    def find(self, appointment_id: UUID, event_type: int | None, around: datetime) -> Word | None: ...

    def updated(self, since: datetime, cursor: str | None) -> Page: ...

    def booking(self, uid: str) -> Word | None: ...

    def cancel(self, uid: str, reason: str) -> Word: ...

    def reschedule(self, uid: str, starts_at: datetime, reason: str) -> Word: ...


class CalendarEvents(Protocol):
    """What is asked of the adapter that reads the webhooks of a provider of calendars."""

    def told(self, event_type: str, data: Mapping[str, Any], created_at: datetime) -> Told: ...

    def payload_in(self, body: bytes) -> Mapping[str, Any]: ...


class Calls(Protocol):
    """What is asked of the adapter that knows a provider of phone calls. It is made for one connection.

    Both methods raise BellhopError. `fetch` is None while the call is under way.
    """

    def fetch(self, external_id: str) -> CallTold | None: ...

    def ended_since(self, since: datetime) -> Sequence[str]: ...


class CallEvents(Protocol):
    """What is asked of the adapter that reads the webhooks of a provider of phone calls."""

    def told(self, event_type: str, data: Mapping[str, Any]) -> CallTold | None: ...

    def call_in(self, body: bytes) -> Mapping[str, Any]: ...


class Vault(Protocol):
    """What is asked of the vault. `context` ties a ciphertext to its row, so that it opens nowhere else."""

    def encrypt(self, plaintext: str, context: str) -> bytes: ...

    def decrypt(self, ciphertext: bytes, context: str) -> str: ...


class StoredObjects(Protocol):
    """What is asked of the storage."""

    def get(self, key: str) -> bytes: ...


class Links(Protocol):
    """What is asked of whoever makes links for people who have no API key (domain.links.Links)."""

    def manage_url(self, appointment_id: UUID, ends_at: datetime) -> str: ...

    def offer_url(self, appointment_id: UUID, starts_at: datetime) -> str: ...


class Facts(Protocol):
    """What the settings say (settings.AppointmentsSettings is one)."""

    @property
    def analysis_wait_seconds(self) -> float: ...

    @property
    def reminders(self) -> tuple[int, ...]: ...

    @property
    def offered_slots(self) -> int: ...

    @property
    def calcom_per_minute(self) -> int: ...

    def own_credentials(self, provider: str) -> tuple[str, str] | None: ...


@dataclass(frozen=True)
class Dependencies:
    """`calcom` and `retell` make the adapter of one connection from its credentials."""

    calcom: Callable[[Credentials], Calendar]
    retell: Callable[[Credentials], Calls]
    vault: Vault
    facts: Facts
    storage: StoredObjects
    links: Links
    calendar_events: CalendarEvents
    call_events: CallEvents
    clock: Clock = now
    keep: Keep = field(default_factory=Keep)
