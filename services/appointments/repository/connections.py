"""Connections to providers, and which company the one of the settings serves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.domain.connections import Connection, Provider, SealedCredentials
from services.appointments.models import CompanyRow, ConnectionRow

_COLUMNS = (
    ConnectionRow.id,
    ConnectionRow.organisation_id,
    ConnectionRow.provider,
    ConnectionRow.name,
    ConnectionRow.webhook_secret.is_not(None),
    ConnectionRow.created_at,
    ConnectionRow.updated_at,
    ConnectionRow.synced_at,
    ConnectionRow.last_error,
)
"""In the order of the fields of Connection."""


class Connections:
    """Accounts with providers. Deleted ones are not seen here."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        connection_id: UUID,
        organisation_id: UUID,
        *,
        provider: Provider,
        name: str,
        api_key: bytes,
        webhook_secret: bytes | None,
    ) -> Connection:
        """A new connection. Its secrets are encrypted already."""
        statement = insert(ConnectionRow).values(
            id=connection_id,
            organisation_id=organisation_id,
            provider=provider,
            name=name,
            api_key=api_key,
            webhook_secret=webhook_secret,
        )
        return _connection(self._session.execute(statement.returning(*_COLUMNS)).one())

    def add_of_settings(self, connection_id: UUID, provider: Provider) -> None:
        """The row that stands for the credentials of the settings, where it is not there yet."""
        statement = insert(ConnectionRow).values(id=connection_id, provider=provider, name="settings")
        self._session.execute(statement.on_conflict_do_nothing(index_elements=[ConnectionRow.id]))

    def find(self, connection_id: UUID) -> Connection | None:
        """A connection, whoever's it is."""
        found = self._read(_living().where(ConnectionRow.id == connection_id))
        return found[0] if found else None

    def get(self, organisation_id: UUID, connection_id: UUID) -> Connection | None:
        """The organisation's connection; None where it has none with this id."""
        found = self.find(connection_id)
        return found if found is not None and found.organisation_id == organisation_id else None

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Connection]:
        """The organisation's connections, oldest first, from behind `after`."""
        query = _living().where(ConnectionRow.organisation_id == organisation_id).order_by(ConnectionRow.id)
        query = query.limit(count)
        return self._read(query.where(ConnectionRow.id > after) if after else query)

    def of_provider(self, provider: Provider, organisation_id: UUID | None = None) -> Sequence[Connection]:
        """All connections to a provider, or those of one organisation, oldest first."""
        query = _living().where(ConnectionRow.provider == provider).order_by(ConnectionRow.id)
        return self._read(query.where(ConnectionRow.organisation_id == organisation_id) if organisation_id else query)

    def sealed(self, connection_id: UUID) -> SealedCredentials | None:
        """The encrypted credentials of a connection."""
        query = select(ConnectionRow.id, ConnectionRow.provider, ConnectionRow.api_key, ConnectionRow.webhook_secret)
        row = self._session.execute(query.where(ConnectionRow.id == connection_id, _is_living())).one_or_none()
        return None if row is None else SealedCredentials(row[0], Provider(row[1]), row[2], row[3])

    def all_sealed(self) -> Sequence[SealedCredentials]:
        """The credentials of all connections that have some, locked until the transaction ends."""
        query = select(ConnectionRow.id, ConnectionRow.provider, ConnectionRow.api_key, ConnectionRow.webhook_secret)
        query = query.where(ConnectionRow.api_key.is_not(None)).order_by(ConnectionRow.id).with_for_update()
        return [SealedCredentials(row[0], Provider(row[1]), row[2], row[3]) for row in self._session.execute(query)]

    def change(self, connection_id: UUID, values: Mapping[str, Any]) -> None:
        """Write these columns."""
        statement = update(ConnectionRow).where(ConnectionRow.id == connection_id)
        self._session.execute(statement.values(**values, updated_at=func.clock_timestamp()))

    def note(self, connection_id: UUID, **values: datetime | str | None) -> None:
        """What the service itself notes: `synced_at`, `bookings_seen_until`, `calls_seen_until`, `last_error`."""
        self._session.execute(update(ConnectionRow).where(ConnectionRow.id == connection_id).values(**values))

    def calls_seen_until(self, connection_id: UUID) -> datetime | None:
        """When its list of calls was looked through last."""
        return self._session.scalar(select(ConnectionRow.calls_seen_until).where(ConnectionRow.id == connection_id))

    def bookings_seen_until(self, connection_id: UUID) -> datetime | None:
        """The moment until which its bookings were looked through."""
        return self._session.scalar(select(ConnectionRow.bookings_seen_until).where(ConnectionRow.id == connection_id))

    def delete(self, connection_id: UUID) -> None:
        """The row stays, for its calls and appointments; nothing finds it any more, and its secrets are gone."""
        gone = {"deleted_at": func.clock_timestamp(), "api_key": None, "webhook_secret": None}
        self.change(connection_id, gone)

    def companies(self, count: int) -> Sequence[UUID]:
        """Up to `count` organisations that have set up a company."""
        query = select(CompanyRow.organisation_id).order_by(CompanyRow.organisation_id).limit(count)
        return self._session.execute(query).scalars().all()

    def _read(self, query: Select[*tuple[Any, ...]]) -> list[Connection]:
        return [_connection(row) for row in self._session.execute(query)]


def _living() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(_is_living())


def _is_living() -> ColumnElement[bool]:
    return ConnectionRow.deleted_at.is_(None)


def _connection(row: Sequence[Any]) -> Connection:
    connection_id, organisation_id, provider, *rest = row
    return Connection(connection_id, organisation_id, Provider(provider), *rest)
