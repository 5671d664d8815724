"""Letting go of what has been kept for long enough: unpaid orders, and the pictures of past events.

Pictures go before the note that they are gone: what breaks off in between is done again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.ticketing.domain.retention import PICTURES, Keep
from services.ticketing.repository import retention
from shared.contracts.ticketing import PurgeTicketing
from shared.messaging.outbox import Session, publish
from shared.retention import Objects

ROUND_SECONDS = 0.5
"""What one job takes: others wait behind it."""
EVENTS_AT_ONCE = 50
PICTURES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """The past events, by organisation and id, and whether all rows are gone that may go."""

    events: tuple[tuple[UUID, UUID], ...]
    is_done: bool


def prepare(session: Session, keep: Keep, now: datetime) -> Plan:
    """Purge a part of the rows, and say whose pictures are over."""
    is_done = retention.purge(session, keep, ROUND_SECONDS)
    if keep.pictures is None:
        return Plan((), is_done)
    events = tuple(retention.Pictures(session).over(now - keep.pictures, EVENTS_AT_ONCE))
    return Plan(events, is_done and len(events) < EVENTS_AT_ONCE)


def remove_pictures(objects: Objects | None, plan: Plan, now: datetime) -> list[UUID]:
    """Remove the pictures of as many events as come to their end within a bound; returns these."""
    if objects is None:
        return []
    room, emptied = PICTURES_AT_ONCE, list[UUID]()
    for organisation_id, event_id in plan.events:
        room -= PICTURES.remove_older(objects, now, room, organisation_id, event_id)
        if room <= 0:
            break
        emptied.append(event_id)
    return emptied


def record(session: Session, plan: Plan, emptied: Sequence[UUID]) -> None:
    """Note which events have none any more; a message of its own goes on where there is more."""
    if emptied:
        retention.Pictures(session).note_removed(emptied)
    if not plan.is_done or 0 < len(emptied) < len(plan.events):
        publish(session, PurgeTicketing())
