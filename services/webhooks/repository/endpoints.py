"""Endpoints of subscribers."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.webhooks.domain.endpoints import Endpoint
from services.webhooks.models import EndpointRow

_COLUMNS = (
    EndpointRow.id,
    EndpointRow.organisation_id,
    EndpointRow.url,
    EndpointRow.event_types,
    EndpointRow.enabled,
    EndpointRow.disabled_reason,
    EndpointRow.created_at,
    EndpointRow.max_concurrency,
    EndpointRow.max_per_second,
    EndpointRow.paused_at,
)
"""In the order of the fields of Endpoint."""


class Endpoints:
    """Where organisations want to be told things. Deleted ones are not seen here."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self,
        endpoint_id: UUID,
        organisation_id: UUID,
        *,
        url: str,
        event_types: list[str] | None,
        secret: bytes,
        max_concurrency: int | None = None,
        max_per_second: int | None = None,
    ) -> Endpoint:
        """A new endpoint, enabled. `secret` is encrypted already."""
        statement = insert(EndpointRow).values(
            id=endpoint_id,
            organisation_id=organisation_id,
            url=url,
            event_types=event_types,
            secret=secret,
            enabled=True,
            max_concurrency=max_concurrency,
            max_per_second=max_per_second,
        )
        return Endpoint(*self._session.execute(statement.returning(*_COLUMNS)).one())

    def get(self, organisation_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        """The organisation's endpoint; None where it has none with this id."""
        found = self._read(self._of(organisation_id).where(EndpointRow.id == endpoint_id))
        return found[0] if found else None

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Endpoint]:
        """The organisation's endpoints, oldest first, from behind `after`."""
        query = self._of(organisation_id).order_by(EndpointRow.id).limit(count)
        return self._read(query.where(EndpointRow.id > after) if after else query)

    def subscribed(self, organisation_id: UUID, event_type: str) -> Sequence[Endpoint]:
        """Those that want this type, the disabled ones among them."""
        wanted = or_(EndpointRow.event_types.is_(None), EndpointRow.event_types.any_() == event_type)
        return self._read(self._of(organisation_id).where(wanted).order_by(EndpointRow.id))

    def all_sealed(self) -> Sequence[tuple[UUID, bytes]]:
        """Ids and encrypted secrets of all that have one, locked until the transaction ends."""
        query = select(EndpointRow.id, EndpointRow.secret).where(EndpointRow.secret != b"")
        return [(row[0], row[1]) for row in self._session.execute(query.order_by(EndpointRow.id).with_for_update())]

    def change(self, endpoint_id: UUID, values: Mapping[str, Any]) -> None:
        """Write these columns."""
        self._session.execute(update(EndpointRow).where(EndpointRow.id == endpoint_id).values(**values))

    def disable(self, endpoint_id: UUID, url: str, reason: str) -> bool:
        """Deliver nothing there until somebody enables it again; False where it leads to another URL by now."""
        same = (EndpointRow.id == endpoint_id) & (EndpointRow.url == url)
        values = {"enabled": False, "disabled_reason": reason}
        statement = update(EndpointRow).where(same).values(values).returning(EndpointRow.id)
        return self._session.execute(statement).scalar() is not None

    def delete(self, endpoint_id: UUID) -> None:
        """The row stays, for its deliveries; nothing finds it any more, and its secret is gone."""
        self.change(endpoint_id, {"enabled": False, "deleted_at": func.clock_timestamp(), "secret": b""})

    def _read(self, query: Select[*tuple[Any, ...]]) -> list[Endpoint]:
        return [Endpoint(*row) for row in self._session.execute(query)]

    @staticmethod
    def _of(organisation_id: UUID) -> Select[*tuple[Any, ...]]:
        living = (EndpointRow.organisation_id == organisation_id) & EndpointRow.deleted_at.is_(None)
        return select(*_COLUMNS).where(living)
