"""Connections to providers: whose they are, and what is known of their credentials."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Provider(StrEnum):
    """Who keeps calendars (`calcom`), and who answers calls (`retell`)."""

    CALCOM = "calcom"
    RETELL = "retell"


OF_SETTINGS = {
    Provider.CALCOM: UUID("00000000-0000-5000-8000-00000000ca1c"),
    Provider.RETELL: UUID("00000000-0000-5000-8000-000000002e7e"),
}
"""The connection of the settings (APPOINTMENTS_CALCOM_…, APPOINTMENTS_RETELL_…) of each provider has this id."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One account with a provider, without its secrets. `organisation_id` is None for that of the settings."""

    id: UUID
    organisation_id: UUID | None
    provider: Provider
    name: str
    has_webhook_secret: bool
    created_at: datetime
    updated_at: datetime
    synced_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class SealedCredentials:
    """The credentials of a connection as they are kept: encrypted, or None where the settings hold them."""

    connection_id: UUID
    provider: Provider
    api_key: bytes | None = field(repr=False)
    webhook_secret: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a connection in the clear: to be used at once, and kept nowhere.

    `webhook_secret` is empty where there is none; Retell signs with its API key.
    """

    connection_id: UUID
    provider: Provider
    api_key: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)


def secret_context(connection_id: UUID, secret: str) -> str:
    """What an encrypted secret is tied to; `secret` is the name of its column."""
    return f"appointments.connection:{connection_id}:{secret}"
