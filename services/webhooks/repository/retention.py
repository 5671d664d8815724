"""What is purged of the schema `webhooks`."""

from sqlalchemy.orm import Session

from services.webhooks.domain.retention import Keep
from shared.messaging.purging import Purge, purge_in

_ID = {"id": "uuid"}
_OLD = "row.id < %(horizon_id)s"
_ENDED = "EXISTS (SELECT FROM webhooks.deliveries AS one WHERE one.id = row.delivery_id AND one.state <> 'pending')"


def purges(keep: Keep) -> list[Purge]:
    """Bodies before the ids that protect against repetitions; attempts before deliveries, deliveries before messages."""
    return [
        Purge(
            "webhooks.inbound_bodies",
            "webhooks.inbound_events",
            _ID,
            "true",
            keep.bodies,
            reach=f"{_OLD} AND (row.body IS NOT NULL OR row.storage_key IS NOT NULL)",
            change="body = NULL, storage_key = NULL",
        ),
        Purge(
            "webhooks.inbound_events",
            "webhooks.inbound_events",
            _ID,
            "row.received_at < %(horizon)s",
            keep.inbound,
            reach=_OLD,
        ),
        Purge("webhooks.attempts", "webhooks.attempts", _ID, _ENDED, keep.deliveries, reach=_OLD),
        Purge(
            "webhooks.deliveries",
            "webhooks.deliveries",
            _ID,
            "row.state <> 'pending' AND row.finished_at < %(horizon)s "
            "AND NOT EXISTS (SELECT FROM webhooks.attempts AS one WHERE one.delivery_id = row.id)",
            keep.deliveries,
            reach=_OLD,
        ),
        Purge(
            "webhooks.outbound_messages",
            "webhooks.outbound_messages",
            _ID,
            "NOT EXISTS (SELECT FROM webhooks.deliveries AS one WHERE one.message_id = row.id)",
            keep.deliveries,
            reach=_OLD,
        ),
    ]


def purge(session: Session, keep: Keep, seconds: float) -> bool:
    """Purge for so many seconds; whether nothing is left for now."""
    return purge_in(session, purges(keep), seconds)
