"""Connections to providers made, changed and deleted, and the secret that their webhooks are signed with."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.appointments.domain.connections import OF_SETTINGS, Connection, Provider, secret_context
from services.appointments.errors import ConnectionOfSettingsError, UnknownConnectionError, WebhookSecretError
from services.appointments.handlers.connections import open_credentials
from services.appointments.handlers.dependencies import Facts, Vault
from services.appointments.repository.connections import Connections
from shared.contracts.appointments import FindMissedBookings, FindMissedCalls, SyncCalendar
from shared.contracts.message import Command
from shared.ids import new_id
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Made:
    """A connection, and its webhook secret where we have made it up: it is shown this once."""

    connection: Connection
    webhook_secret: str | None = field(default=None, repr=False)


def create(
    session: Session,
    vault: Vault,
    organisation_id: UUID,
    *,
    provider: Provider,
    name: str,
    api_key: str,
    webhook_secret: str | None,
) -> Made:
    """A new connection. One to Cal.com gets a webhook secret where none is given, and its event types are read.

    Retell signs with its API key: a secret is given only where that is another key than the one to be used.
    """
    connection_id = new_id()
    made = _new_secret() if webhook_secret is None and provider is Provider.CALCOM else None
    values = _sealed(vault, connection_id, {"api_key": api_key, "webhook_secret": webhook_secret or made})
    added = Connections(session).add(connection_id, organisation_id, provider=provider, name=name, **values)
    if provider is Provider.CALCOM:
        publish(session, SyncCalendar(connection_id=connection_id), organisation_id=organisation_id)
    return Made(added, made)


def get(session: Session, facts: Facts, organisation_id: UUID, connection_id: UUID) -> Connection:
    """A connection that serves the organisation. Raises UnknownConnectionError."""
    found = Connections(session).get(organisation_id, connection_id)
    served = [] if found else of_settings(session, facts, organisation_id)
    for connection in [found] if found else served:
        if connection.id == connection_id:
            return connection
    raise UnknownConnectionError(f"there is no connection {connection_id}")


def page(
    session: Session, facts: Facts, organisation_id: UUID, *, after: UUID | None, count: int
) -> Sequence[Connection]:
    """The connections that serve the organisation, those of the settings first, then oldest first."""
    served = [one for one in of_settings(session, facts, organisation_id) if after is None or one.id > after]
    return [*served, *Connections(session).page(organisation_id, after=after, count=count)][:count]


def of_settings(session: Session, facts: Facts, organisation_id: UUID) -> Sequence[Connection]:
    """The connections of the settings, in the order of their ids, where they serve this organisation."""
    connections = Connections(session)
    if list(connections.companies(2)) != [organisation_id]:
        return []
    in_force = [provider for provider in Provider if facts.own_credentials(provider) is not None]
    for provider in in_force:
        connections.add_of_settings(OF_SETTINGS[provider], provider)
    rows = [connections.find(OF_SETTINGS[provider]) for provider in in_force]
    return sorted((row for row in rows if row is not None), key=lambda row: row.id)


def change(
    session: Session,
    vault: Vault,
    facts: Facts,
    organisation_id: UUID,
    connection_id: UUID,
    changes: Mapping[str, str | None],
) -> Connection:
    """Change `name`, `api_key` or `webhook_secret`. What was signed with the former secret is refused from now on.

    With another key of Cal.com its event types are read anew: it may be one of another account.
    Raises UnknownConnectionError, ConnectionOfSettingsError, WebhookSecretError.
    """
    connection = _own(session, facts, organisation_id, connection_id)
    if changes.get("webhook_secret", "") is None and connection.provider is Provider.CALCOM:
        raise WebhookSecretError("Cal.com signs with a secret: give another one, or have one made")
    values: dict[str, Any] = {"name": changes["name"]} if "name" in changes else {}
    values |= _sealed(vault, connection_id, {name: changes[name] for name in changes if name != "name"})
    if "api_key" in values:
        values["last_error"] = None
        if connection.provider is Provider.CALCOM:
            publish(session, SyncCalendar(connection_id=connection_id), organisation_id=organisation_id)
    if values:
        Connections(session).change(connection_id, values)
    return get(session, facts, organisation_id, connection_id)


def rotate_webhook_secret(
    session: Session, vault: Vault, facts: Facts, organisation_id: UUID, connection_id: UUID
) -> Made:
    """A new secret for a connection to Cal.com, to be entered there.

    Raises UnknownConnectionError, ConnectionOfSettingsError, WebhookSecretError.
    """
    connection = _own(session, facts, organisation_id, connection_id)
    if connection.provider is not Provider.CALCOM:
        raise WebhookSecretError("Retell signs with its API key: make another one there, and change `api_key` here")
    made = _new_secret()
    changed = change(session, vault, facts, organisation_id, connection_id, {"webhook_secret": made})
    return Made(changed, made)


def delete(session: Session, facts: Facts, organisation_id: UUID, connection_id: UUID) -> None:
    """Delete a connection with its secrets. Raises UnknownConnectionError, ConnectionOfSettingsError."""
    _own(session, facts, organisation_id, connection_id)
    Connections(session).delete(connection_id)


def sync(session: Session, facts: Facts, organisation_id: UUID, connection_id: UUID) -> None:
    """Read anew what the provider has: event types and bookings, or calls. Asked twice at once, it is done once.

    Raises UnknownConnectionError.
    """
    connection = get(session, facts, organisation_id, connection_id)
    wanted: list[Command] = [FindMissedCalls(connection_id=connection_id)]
    if connection.provider is Provider.CALCOM:
        wanted = [SyncCalendar(connection_id=connection_id), FindMissedBookings(connection_id=connection_id)]
    for command in wanted:
        publish(session, command, organisation_id=organisation_id, unique=Unique(f"asked:{connection_id}"))


def signing_secret(session: Session, vault: Vault, facts: Facts, connection_id: UUID, provider: Provider) -> str | None:
    """What the webhooks of a connection are signed with; None where there is no such connection to this provider, or
    it takes no webhooks. Raises DecryptionFailed.
    """
    sealed = Connections(session).sealed(connection_id)
    if sealed is None or sealed.provider is not provider or connection_id == OF_SETTINGS[provider]:
        return None
    opened = open_credentials(vault, facts, sealed)
    return opened.webhook_secret or (opened.api_key if provider is Provider.RETELL else None)


def _own(session: Session, facts: Facts, organisation_id: UUID, connection_id: UUID) -> Connection:
    connection = get(session, facts, organisation_id, connection_id)
    if connection.organisation_id is None:
        variables = f"APPOINTMENTS_{connection.provider.upper()}_…"
        raise ConnectionOfSettingsError(f"this connection is that of the settings: change {variables}, and restart")
    return connection


def _sealed(vault: Vault, connection_id: UUID, values: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        name: None if value is None else vault.encrypt(value, secret_context(connection_id, name))
        for name, value in values.items()
    }


def _new_secret() -> str:
    return secrets.token_hex(SECRET_BYTES)
