"""Connections to providers: whose calls and bookings they bring, and their credentials at hand."""

from collections.abc import Sequence
from uuid import UUID

from services.appointments.domain.connections import (
    OF_SETTINGS,
    Credentials,
    Provider,
    SealedCredentials,
    secret_context,
)
from services.appointments.errors import CompanyNotClearError, ConnectionNotSetUpError, UnknownConnectionError
from services.appointments.handlers.dependencies import Facts, Vault
from services.appointments.repository.connections import Connections
from shared.messaging.outbox import Session


def organisation_of(session: Session, connection_id: UUID | None, provider: Provider) -> tuple[UUID, UUID]:
    """The organisation that a connection serves, and the connection's id; None is the connection of the settings.

    Raises UnknownConnectionError, CompanyNotClearError.
    """
    connections, of_settings = Connections(session), OF_SETTINGS[provider]
    if connection_id is None or connection_id == of_settings:
        connections.add_of_settings(of_settings, provider)
        return _the_one_company(connections, provider), of_settings
    found = connections.find(connection_id)
    if found is None or found.provider is not provider or found.organisation_id is None:
        raise UnknownConnectionError(f"there is no connection {connection_id} to {provider}: it was deleted")
    return found.organisation_id, found.id


def calendar_of(session: Session, facts: Facts, organisation_id: UUID) -> UUID | None:
    """The connection to the organisation's calendar: its own, the oldest where it has several, else that of the
    settings where it serves this organisation; None where there is neither.
    """
    connections, of_settings = Connections(session), OF_SETTINGS[Provider.CALCOM]
    own = connections.of_provider(Provider.CALCOM, organisation_id)
    if own:
        return own[0].id
    if facts.own_credentials(Provider.CALCOM) is None or list(connections.companies(2)) != [organisation_id]:
        return None
    connections.add_of_settings(of_settings, Provider.CALCOM)
    return of_settings


def active(session: Session, facts: Facts, provider: Provider) -> Sequence[UUID]:
    """Every connection to a provider that can be used and serves an organisation, that of the settings included."""
    connections, of_settings = Connections(session), OF_SETTINGS[provider]
    found = [connection.id for connection in connections.of_provider(provider) if connection.organisation_id]
    if facts.own_credentials(provider) is None or len(connections.companies(2)) != 1:
        return found
    connections.add_of_settings(of_settings, provider)
    return [of_settings, *found]


def credentials(session: Session, connection_id: UUID) -> SealedCredentials:
    """The credentials as they are kept, to be opened when no transaction is open. Raises UnknownConnectionError."""
    sealed = Connections(session).sealed(connection_id)
    if sealed is None:
        raise UnknownConnectionError(f"there is no connection {connection_id}: it was deleted")
    return sealed


def open_credentials(vault: Vault, facts: Facts, sealed: SealedCredentials) -> Credentials:
    """The credentials in the clear. Raises ConnectionNotSetUpError, DecryptionFailed."""
    if sealed.connection_id == OF_SETTINGS[sealed.provider]:
        return _of_settings(facts, sealed.provider)
    if sealed.api_key is None:
        raise ConnectionNotSetUpError(f"connection {sealed.connection_id} has no API key")
    return Credentials(
        sealed.connection_id,
        sealed.provider,
        api_key=vault.decrypt(sealed.api_key, secret_context(sealed.connection_id, "api_key")),
        webhook_secret=_opened_secret(vault, sealed),
    )


def _of_settings(facts: Facts, provider: Provider) -> Credentials:
    own = facts.own_credentials(provider)
    if own is None:
        raise ConnectionNotSetUpError(f"APPOINTMENTS_{provider.upper()}_API_KEY is not set")
    return Credentials(OF_SETTINGS[provider], provider, *own)


def _opened_secret(vault: Vault, sealed: SealedCredentials) -> str:
    if sealed.webhook_secret is None:
        return ""
    return vault.decrypt(sealed.webhook_secret, secret_context(sealed.connection_id, "webhook_secret"))


def _the_one_company(connections: Connections, provider: Provider) -> UUID:
    companies = connections.companies(2)
    if len(companies) == 1:
        return companies[0]
    name = f"APPOINTMENTS_{provider.upper()}_API_KEY"
    if not companies:
        raise CompanyNotClearError(
            f"{name} serves nobody yet: set the company up with PUT /v1/company, then retry this"
        )
    raise CompanyNotClearError(
        f"{name} serves one organisation, and several have set up a company: make a connection for each with "
        "POST /v1/connections"
    )
