"""What can be booked with a connection, whose time it takes, and when that was free the last time one looked."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import cast, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.domain.appointments import EventType
from services.appointments.domain.bookings import Offering
from services.appointments.models import EventTypeRow, HostRow
from shared.database.lists import is_one_of
from shared.ids import new_id

_COLUMNS = (
    EventTypeRow.id,
    EventTypeRow.organisation_id,
    EventTypeRow.connection_id,
    EventTypeRow.external_id,
    EventTypeRow.slug,
    EventTypeRow.title,
    EventTypeRow.length_minutes,
    EventTypeRow.facts,
    HostRow.number,
    EventTypeRow.synced_at,
    EventTypeRow.gone_at,
)


class Calendars:
    """Event types and hosts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, event_type_id: UUID) -> EventType | None:
        """One event type, also one that is gone."""
        return self._one(EventTypeRow.id == event_type_id)

    def by_external_id(self, connection_id: UUID, external_id: int) -> EventType | None:
        """The event type that the provider calls so, also one that is gone."""
        return self._one(EventTypeRow.connection_id == connection_id, EventTypeRow.external_id == external_id)

    def of_connection(self, connection_id: UUID) -> Sequence[EventType]:
        """What can or could be booked with it, those that are gone too, in the order of their titles."""
        query = _query().where(EventTypeRow.connection_id == connection_id)
        return [_event_type(row) for row in self._session.execute(query.order_by(EventTypeRow.title, EventTypeRow.id))]

    def of_organisation(self, organisation_id: UUID) -> Sequence[EventType]:
        """What can be booked with any of its connections now, in the order of their titles."""
        query = _query().where(EventTypeRow.organisation_id == organisation_id, EventTypeRow.gone_at.is_(None))
        return [_event_type(row) for row in self._session.execute(query.order_by(EventTypeRow.title, EventTypeRow.id))]

    def host_number(self, organisation_id: UUID, external_id: int, name: str) -> int:
        """The number of the host whom the provider calls so; a new one where none is known yet."""
        return self._host(organisation_id, external_id, name)[1]

    def write(self, organisation_id: UUID, connection_id: UUID, offering: Offering) -> None:
        """An event type as it is now. What was known of its free times is dropped."""
        host_id = None
        if offering.host is not None:
            host_id = self._host(organisation_id, offering.host, offering.host_name)[0]
        values: dict[str, Any] = {
            "organisation_id": organisation_id,
            "slug": offering.slug,
            "title": offering.title,
            "length_minutes": offering.length_minutes,
            "facts": {
                "lengths": list(offering.lengths),
                "needs_confirmation": offering.needs_confirmation,
                "has_seats": offering.has_seats,
            },
            "host_id": host_id,
            "synced_at": func.clock_timestamp(),
            "gone_at": None,
        }
        key = {"id": new_id(), "connection_id": connection_id, "external_id": offering.external_id}
        statement = insert(EventTypeRow).values(**key, **values)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[EventTypeRow.connection_id, EventTypeRow.external_id], set_=values
            )
        )

    def mark_gone(self, connection_id: UUID, still_there: Sequence[int]) -> int:
        """Those of the connection that the provider did not name are gone. Returns how many went now."""
        statement = update(EventTypeRow).where(
            EventTypeRow.connection_id == connection_id,
            EventTypeRow.gone_at.is_(None),
            ~is_one_of(EventTypeRow.external_id, still_there),
        )
        gone = self._session.execute(statement.values(gone_at=func.clock_timestamp()).returning(EventTypeRow.id))
        return len(gone.all())

    def keep_free(self, event_type_id: UUID, free: Mapping[str, Any]) -> None:
        """Remember which times were free, as `domain.free_times` writes them."""
        facts = EventTypeRow.facts.op("||")(cast({"free": free}, EventTypeRow.facts.type))
        self._session.execute(update(EventTypeRow).where(EventTypeRow.id == event_type_id).values(facts=facts))

    def free(self, event_type_id: UUID) -> Mapping[str, Any] | None:
        """What was remembered last."""
        facts = self._session.scalar(select(EventTypeRow.facts).where(EventTypeRow.id == event_type_id))
        found = (facts or {}).get("free")
        return found if isinstance(found, dict) else None

    def _host(self, organisation_id: UUID, external_id: int, name: str) -> tuple[UUID, int]:
        mine = (HostRow.organisation_id == organisation_id) & (HostRow.external_id == external_id)
        known = self._session.execute(select(HostRow.id, HostRow.number, HostRow.name).where(mine)).one_or_none()
        if known is not None and (not name or known[2] == name):
            return known[0], known[1]
        statement = insert(HostRow).values(
            id=new_id(), organisation_id=organisation_id, external_id=external_id, name=name
        )
        statement = statement.on_conflict_do_update(
            index_elements=[HostRow.organisation_id, HostRow.external_id], set_={"name": statement.excluded.name}
        )
        row = self._session.execute(statement.returning(HostRow.id, HostRow.number)).one()
        return row[0], row[1]

    def _one(self, *conditions: Any) -> EventType | None:
        row = self._session.execute(_query().where(*conditions)).one_or_none()
        return None if row is None else _event_type(row)


def _query() -> Any:
    return select(*_COLUMNS).outerjoin(HostRow, HostRow.id == EventTypeRow.host_id)


def _event_type(row: Sequence[Any]) -> EventType:
    (
        type_id,
        organisation_id,
        connection_id,
        external_id,
        slug,
        title,
        length,
        facts,
        host_number,
        synced_at,
        gone_at,
    ) = row
    return EventType(
        id=type_id,
        organisation_id=organisation_id,
        connection_id=connection_id,
        external_id=external_id,
        slug=slug,
        title=title,
        length_minutes=length,
        lengths=tuple(facts.get("lengths") or ()),
        needs_confirmation=facts.get("needs_confirmation") is True,
        has_seats=facts.get("has_seats") is True,
        host_number=host_number,
        synced_at=synced_at,
        gone_at=gone_at,
    )
