"""Inbound events, each stored once."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.webhooks.domain.inbound import Received
from services.webhooks.models import InboundEvent


class InboundEvents:
    """What providers told us."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, inbound_id: UUID, source: str, received: Received, *, body: bytes | None, storage_key: str | None
    ) -> bool:
        """Store an event; False where the source's event is stored already, which is then left as it is.

        Of many at once one stores it, and the others wait for its commit to learn that.
        """
        statement = (
            insert(InboundEvent)
            .values(
                id=inbound_id,
                source=source,
                external_id=received.key,
                event_type=received.event_type,
                livemode=received.livemode,
                created_at=received.created_at,
                body=body,
                storage_key=storage_key,
            )
            .on_conflict_do_nothing(index_elements=[InboundEvent.source, InboundEvent.external_id])
            .returning(InboundEvent.id)
        )
        return self._session.execute(statement).scalar() is not None
