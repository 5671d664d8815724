"""What the use cases need from outside, put together once in each process."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.appointments.domain.connections import Credentials


class Calendar(Protocol):
    """What is asked of the adapter that knows a provider of calendars. It is made for one connection."""


class Calls(Protocol):
    """What is asked of the adapter that knows a provider of phone calls. It is made for one connection."""


class Vault(Protocol):
    """What is asked of the vault. `context` ties a ciphertext to its row, so that it opens nowhere else."""

    def encrypt(self, plaintext: str, context: str) -> bytes: ...

    def decrypt(self, ciphertext: bytes, context: str) -> str: ...


class StoredObjects(Protocol):
    """What is asked of the storage."""

    def get(self, key: str) -> bytes: ...


class Links(Protocol):
    """What is asked of whoever makes links for people who have no API key."""


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
