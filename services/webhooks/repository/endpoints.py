"""Endpoints of subscribers."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from services.webhooks.models import Endpoint


class Endpoints:
    """Where organisations want to be told things. Deleted ones are not seen here."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, endpoint_id: UUID, organisation_id: UUID, *, url: str, event_types: list[str] | None, secret: bytes
    ) -> Endpoint:
        """A new endpoint, enabled. `secret` is encrypted already."""
        endpoint = Endpoint(
            id=endpoint_id,
            organisation_id=organisation_id,
            url=url,
            event_types=event_types,
            secret=secret,
            enabled=True,
        )
        self._session.add(endpoint)
        self._session.flush()
        self._session.refresh(endpoint)
        return endpoint

    def get(self, organisation_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        """The organisation's endpoint; None where it has none with this id."""
        return self._session.scalar(self._of(organisation_id).where(Endpoint.id == endpoint_id))

    def page(self, organisation_id: UUID, *, after: UUID | None, count: int) -> Sequence[Endpoint]:
        """The organisation's endpoints, oldest first, from behind `after`."""
        query = self._of(organisation_id).order_by(Endpoint.id).limit(count)
        return self._session.scalars(query.where(Endpoint.id > after) if after else query).all()

    def subscribed(self, organisation_id: UUID, event_type: str) -> Sequence[Endpoint]:
        """Those that want this type, the disabled ones among them."""
        wanted = or_(Endpoint.event_types.is_(None), Endpoint.event_types.any_() == event_type)
        return self._session.scalars(self._of(organisation_id).where(wanted).order_by(Endpoint.id)).all()

    def change(self, endpoint_id: UUID, values: Mapping[str, Any]) -> None:
        """Write these columns."""
        self._session.execute(update(Endpoint).where(Endpoint.id == endpoint_id).values(**values))

    def disable(self, endpoint_id: UUID, url: str, reason: str) -> bool:
        """Deliver nothing there until somebody enables it again; False where it leads to another URL by now."""
        statement = update(Endpoint).where(Endpoint.id == endpoint_id, Endpoint.url == url).returning(Endpoint.id)
        values = {"enabled": False, "disabled_reason": reason}
        return self._session.execute(statement.values(values)).scalar() is not None

    def delete(self, endpoint_id: UUID) -> None:
        """The row stays, for its deliveries; nothing finds it any more, and its secret is gone."""
        self.change(endpoint_id, {"enabled": False, "deleted_at": func.clock_timestamp(), "secret": b""})

    @staticmethod
    def _of(organisation_id: UUID) -> Select[Endpoint]:
        return select(Endpoint).where(Endpoint.organisation_id == organisation_id, Endpoint.deleted_at.is_(None))
