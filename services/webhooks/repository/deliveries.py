"""Outbound messages, their deliveries, and the attempts at these."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.orm import Session

from services.webhooks.domain.announcements import Announcement
from services.webhooks.domain.deliveries import Attempted, DeliveryState
from services.webhooks.models import Attempt, Delivery, Endpoint, OutboundMessage


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
class Listed:
    """A delivery as its owner sees it."""

    delivery: Delivery
    event_type: str
    attempts: Sequence[Attempt]


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
        self._session.execute(insert(Delivery), rows)

    def due(self, delivery_id: UUID) -> Due | None:
        """What an attempt needs; None where there is no such delivery."""
        reachable = Endpoint.enabled & Endpoint.deleted_at.is_(None)
        query = (
            select(
                Delivery.id,
                Delivery.state,
                Delivery.tries,
                Delivery.message_id,
                OutboundMessage.body,
                Endpoint.id,
                Endpoint.url,
                Endpoint.secret,
                reachable,
            )
            .join(Endpoint, Endpoint.id == Delivery.endpoint_id)
            .join(OutboundMessage, OutboundMessage.id == Delivery.message_id)
            .where(Delivery.id == delivery_id)
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else Due(row[0], DeliveryState(row[1]), *row[2:])

    def of_organisation(self, organisation_id: UUID, delivery_id: UUID) -> tuple[DeliveryState, bool] | None:
        """The delivery's state, and whether its endpoint is there and enabled; None if the organisation has no such."""
        due = self.due(delivery_id)
        owner = self._session.scalar(select(Delivery.organisation_id).where(Delivery.id == delivery_id))
        return (due.state, due.reachable) if due is not None and owner == organisation_id else None

    def state_of(self, delivery_id: UUID) -> DeliveryState | None:
        """Where it stands, held against others until the transaction ends."""
        state = self._session.scalar(select(Delivery.state).where(Delivery.id == delivery_id).with_for_update())
        return None if state is None else DeliveryState(state)

    def set_state(self, delivery_id: UUID, state: DeliveryState, reason: str | None = None) -> None:
        """Write where it stands now, and why."""
        self._session.execute(update(Delivery).where(Delivery.id == delivery_id).values(_standing(state, reason)))

    def skip_pending(self, endpoint_id: UUID, reason: str) -> None:
        """What is still to be delivered there is not, and is kept for a retry by hand."""
        pending = (Delivery.endpoint_id == endpoint_id) & (Delivery.state == DeliveryState.PENDING)
        self._session.execute(update(Delivery).where(pending).values(_standing(DeliveryState.SKIPPED, reason)))

    def log(self, attempt_id: UUID, delivery_id: UUID, attempted: Attempted, *, by_hand: bool) -> None:
        """Write an attempt down; its number is the next of its delivery."""
        counted = {
            "attempts": Delivery.attempts + 1,
            "tries": Delivery.tries + (0 if by_hand else 1),
        }
        statement = update(Delivery).where(Delivery.id == delivery_id).values(counted).returning(Delivery.attempts)
        row = Attempt(
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
            select(Delivery, OutboundMessage.event_type)
            .join(OutboundMessage, OutboundMessage.id == Delivery.message_id)
            .where(Delivery.endpoint_id == endpoint_id)
            .order_by(Delivery.id.desc())
            .limit(count)
        )
        rows = self._session.execute(query.where(Delivery.id < after) if after else query).all()
        attempts = self._attempts_of(delivery.id for delivery, _ in rows)
        return [Listed(delivery, event_type, attempts[delivery.id]) for delivery, event_type in rows]

    def _attempts_of(self, delivery_ids: Iterable[UUID]) -> Mapping[UUID, list[Attempt]]:
        query = select(Attempt).where(Attempt.delivery_id.in_(list(delivery_ids))).order_by(Attempt.number)
        found: dict[UUID, list[Attempt]] = defaultdict(list)
        for attempt in self._session.scalars(query):
            found[attempt.delivery_id].append(attempt)
        return found


def _standing(state: DeliveryState, reason: str | None) -> dict[str, object]:
    over = None if state is DeliveryState.PENDING else func.clock_timestamp()
    return {"state": state, "reason": reason, "finished_at": over}
