"""Publishing what is due."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.scheduler.cron import Cron
from services.scheduler.domain import choose
from services.scheduler.repository import Ticks
from shared.ids import new_id
from shared.messaging.outbox import Session
from shared.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look at a schedule did: the ticks it published, and how many missed ones it left out."""

    published: tuple[datetime, ...] = ()
    left_out: int = 0


def publish_due(session: Session, schedule: Schedule, cron: Cron, now: datetime) -> Outcome:
    """Publish what is due and not published yet, by the schedule's rule for missed ticks, in this transaction.

    A schedule that is seen for the first time begins now: what came before was never promised.
    """
    ticks = Ticks(session)
    latest = ticks.latest(schedule.name)
    if latest is None:
        ticks.add(schedule.name, now.astimezone(UTC), None)
        return Outcome()
    decision = choose(cron.between(latest, now), now, schedule.missed)
    published = tuple(tick for tick in decision.publish if _publish(ticks, schedule, tick))
    if decision.seen is not None:
        ticks.add(schedule.name, decision.seen, None)
    return Outcome(published, decision.left_out)


def run_now(session: Session, schedule: Schedule) -> UUID:
    """Publish a schedule's message by hand, beside its ticks. Returns the message's id."""
    message_id = new_id()
    Ticks(session).send(schedule.message, message_id, {"schedule": schedule.name, "by_hand": "true"})
    return message_id


def _publish(ticks: Ticks, schedule: Schedule, due_at: datetime) -> bool:
    """Publish one tick, unless somebody else has. Says whether it was published here."""
    message_id = new_id()
    if not ticks.add(schedule.name, due_at, message_id):
        return False
    ticks.send(schedule.message, message_id, {"schedule": schedule.name, "due_at": due_at.isoformat()})
    return True
