"""Outbound messages, their deliveries, and the attempts at these."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.orm import Session

from services.webhooks.domain.announcements import Announcement
from services.webhooks.domain.deliveries import Attempted, DeliveryState
from services.webhooks.models import AttemptRow, DeliveryRow, EndpointRow, OutboundMessage
from shared.database.lists import is_one_of


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery with all that an attempt at it needs. `secret` is encrypted."""

    delivery_id: UUID
    state: DeliveryState
    tries: int
    message_id: UUID
    body: str
    endpoint_id: UUID
    url: str
    secret: bytes = field(repr=False)
    reachable: bool
    """Whether its endpoint still exists and is enabled."""


@dataclass(frozen=True, slots=True)
class Logged:
    """An attempt as it was logged."""

    number: int
    by_hand: bool
    status: int | None
    response: str | None
    error: str | None
    duration_ms: int | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery as its owner sees it."""

    id: UUID
    message_id: UUID
    event_type: str
    state: DeliveryState
    reason: str | None
    created_at: datetime
    finished_at: datetime | None
    attempts: Sequence[Logged]


class Deliveries:
    """What subscribers are told, and how that went."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def announce(self, message_id: UUID, announcement: Announcement) -> bool:
        """Store what is sent; False where it was stored before, under the same key."""
        statement = (
            insert_or_not(OutboundMessage)
            .values(
                id=message_id,
                key=announcement.key,
                organisation_id=announcement.organisation_id,
                event_type=announcement.event_type,
                body=announcement.body(),
            )
            .on_conflict_do_nothing(index_elements=[OutboundMessage.key])
            .returning(OutboundMessage.id)
        )
        return self._session.execute(statement).scalar() is not None

    def add(self, message_id: UUID, organisation_id: UUID, endpoints: Mapping[UUID, UUID]) -> None:
        """A pending delivery of the message for each endpoint; `endpoints` maps the delivery's id to the endpoint's."""
        rows = [
            {
                "id": delivery_id,
                "endpoint_id": endpoint_id,
                "message_id": message_id,
                "organisation_id": organisation_id,
                "state": DeliveryState.PENDING,
            }
            for delivery_id, endpoint_id in endpoints.items()
        ]
        self._session.execute(insert(DeliveryRow), rows)

    def due(self, delivery_id: UUID) -> Due | None:
        """What an attempt needs; None where there is no such delivery."""
        reachable = EndpointRow.enabled & EndpointRow.deleted_at.is_(None)
        query = (
            select(
                DeliveryRow.id,
                DeliveryRow.state,
                DeliveryRow.tries,
                DeliveryRow.message_id,
                OutboundMessage.body,
                EndpointRow.id,
                EndpointRow.url,
                EndpointRow.secret,
                reachable,
            )
            .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
            .join(OutboundMessage, OutboundMessage.id == DeliveryRow.message_id)
            .where(DeliveryRow.id == delivery_id)
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else Due(row[0], DeliveryState(row[1]), *row[2:])

    def of_organisation(self, organisation_id: UUID, delivery_id: UUID) -> tuple[DeliveryState, bool] | None:
        """The delivery's state, and whether its endpoint is there and enabled; None if the organisation has no such."""
        due = self.due(delivery_id)
        owner = self._session.scalar(select(DeliveryRow.organisation_id).where(DeliveryRow.id == delivery_id))
        return (due.state, due.reachable) if due is not None and owner == organisation_id else None

    def state_of(self, delivery_id: UUID) -> DeliveryState | None:
        """Where it stands, held against others until the transaction ends."""
        state = self._session.scalar(select(DeliveryRow.state).where(DeliveryRow.id == delivery_id).with_for_update())
        return None if state is None else DeliveryState(state)

    def set_state(self, delivery_id: UUID, state: DeliveryState, reason: str | None = None) -> None:
        """Write where it stands now, and why."""
        self._session.execute(update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(_standing(state, reason)))

    def skip_pending(self, endpoint_id: UUID, reason: str) -> None:
        """What is still to be delivered there is not, and is kept for a retry by hand."""
        pending = (DeliveryRow.endpoint_id == endpoint_id) & (DeliveryRow.state == DeliveryState.PENDING)
        self._session.execute(update(DeliveryRow).where(pending).values(_standing(DeliveryState.SKIPPED, reason)))

    def log(self, attempt_id: UUID, delivery_id: UUID, attempted: Attempted, *, by_hand: bool) -> None:
        """Write an attempt down; its number is the next of its delivery."""
        counted = {
            "attempts": DeliveryRow.attempts + 1,
            "tries": DeliveryRow.tries + (0 if by_hand else 1),
        }
        statement = (
            update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(counted).returning(DeliveryRow.attempts)
        )
        row = AttemptRow(
            id=attempt_id,
            delivery_id=delivery_id,
            number=self._session.execute(statement).scalar_one(),
            by_hand=by_hand,
            status=attempted.status,
            response=attempted.response,
            error=attempted.error,
            duration_ms=attempted.duration_ms,
        )
        self._session.add(row)
        self._session.flush()

    def page(self, endpoint_id: UUID, *, after: UUID | None, count: int) -> list[Listed]:
        """An endpoint's deliveries with their attempts, newest first, from behind `after`."""
        query = (
            select(DeliveryRow, OutboundMessage.event_type)
            .join(OutboundMessage, OutboundMessage.id == DeliveryRow.message_id)
            .where(DeliveryRow.endpoint_id == endpoint_id)
            .order_by(DeliveryRow.id.desc())
            .limit(count)
        )
        rows = self._session.execute(query.where(DeliveryRow.id < after) if after else query).all()
        attempts = self._attempts_of(row.id for row, _ in rows)
        return [
            Listed(
                id=row.id,
                message_id=row.message_id,
                event_type=event_type,
                state=DeliveryState(row.state),
                reason=row.reason,
                created_at=row.created_at,
                finished_at=row.finished_at,
                attempts=attempts[row.id],
            )
            for row, event_type in rows
        ]

    def _attempts_of(self, delivery_ids: Iterable[UUID]) -> Mapping[UUID, list[Logged]]:
        columns = (getattr(AttemptRow, one.name) for one in fields(Logged))
        these = is_one_of(AttemptRow.delivery_id, delivery_ids)
        query = select(AttemptRow.delivery_id, *columns).where(these).order_by(AttemptRow.number)
        found: dict[UUID, list[Logged]] = defaultdict(list)
        for delivery_id, *logged in self._session.execute(query):
            found[delivery_id].append(Logged(*logged))
        return found


def _standing(state: DeliveryState, reason: str | None) -> dict[str, object]:
    if state is DeliveryState.PENDING:
        return {"state": state, "reason": reason, "finished_at": None}
    return {"state": state, "reason": reason, "finished_at": func.clock_timestamp(), "waiting": False}
