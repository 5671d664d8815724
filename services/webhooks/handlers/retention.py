"""Letting go of what has been kept for long enough: rows first, and the objects a day after them.

An object is written again with each event that has its body, so its own time says when it is over, whether or not a row
was ever written for it: nothing can be left behind.
"""

from datetime import datetime

from services.webhooks.domain.retention import BODIES_GRACE, INBOUND, Keep
from services.webhooks.repository import retention
from shared.contracts.webhooks import PurgeWebhooks
from shared.messaging.outbox import Session, publish
from shared.retention import Objects

ROUND_SECONDS = 0.5
"""What one job takes: others wait behind it."""
OBJECTS_AT_ONCE = 500


def purge_rows(session: Session, keep: Keep) -> bool:
    """A part of it; whether that was the last for now."""
    return retention.purge(session, keep, ROUND_SECONDS)


def remove_bodies(objects: Objects | None, keep: Keep, now: datetime) -> bool:
    """Remove objects whose time is over; whether these were the last."""
    if objects is None or keep.bodies is None:
        return True
    return INBOUND.remove_older(objects, now - keep.bodies - BODIES_GRACE, OBJECTS_AT_ONCE) < OBJECTS_AT_ONCE


def go_on(session: Session) -> None:
    """There is more: a message of its own goes on, so that no transaction is long."""
    publish(session, PurgeWebhooks())
