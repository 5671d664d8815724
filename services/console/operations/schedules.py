"""What is published when, and by hand."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.console.errors import ScheduleNotFoundError
from services.console.operations.database import transaction
from services.console.repository import Messages
from services.console.settings import ConsoleSettings
from services.scheduler.cron import Cron
from services.scheduler.handlers import run_now
from shared import discovery
from shared.clock import now
from shared.schedules import Schedule


@dataclass(frozen=True, slots=True)
class Listed:
    """A schedule as it is listed; times in UTC."""

    name: str
    cron: str
    timezone: str
    kind: str
    missed: str
    last: datetime | None
    next: datetime | None


def list_schedules(settings: ConsoleSettings) -> list[Listed]:
    """The schedules of the deployed services, by name."""
    zone, moment = ZoneInfo(settings.timezone), now()
    with transaction(settings, "scheduler") as session:
        last = Messages(session).last_ticks()
    return [
        Listed(
            name=schedule.name,
            cron=schedule.cron,
            timezone=settings.timezone,
            kind=schedule.message.kind,
            missed=schedule.missed,
            last=last.get(schedule.name),
            next=Cron(schedule.cron, zone).after(moment),
        )
        for schedule in _schedules(settings)
    ]


def run_schedule(settings: ConsoleSettings, name: str) -> UUID:
    """Publish a schedule's message now, beside its ticks. Returns the message's id. Raises ScheduleNotFoundError."""
    found = [schedule for schedule in _schedules(settings) if schedule.name == name]
    if not found:
        raise ScheduleNotFoundError(f"there is no schedule {name!r}; `bellhop schedules list` shows those there are")
    with transaction(settings, "scheduler") as session:
        return run_now(session, found[0])


def _schedules(settings: ConsoleSettings) -> list[Schedule]:
    deployed = discovery.services(settings.bellhop_services)
    found = [schedule for service in deployed for schedule in discovery.schedules(service)]
    return sorted(found, key=lambda schedule: schedule.name)
