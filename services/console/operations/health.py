"""Is the installation well? With the issues by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from services.console.errors import BrokerUnreachableError
from services.console.operations.database import transaction
from services.console.operations.queues import Queue, list_queues
from services.console.repository import Lag, Messages
from services.console.settings import ConsoleSettings
from shared.messaging.topology import PARK, UNROUTABLE

BACKLOG = 1_000
"""Messages in one queue from which on it is called backed up."""
LATE_SECONDS = 60.0
FAILED_JOBS = 100


@dataclass(frozen=True, slots=True)
class Health:
    """Healthy if there is no issue. `lag` is None where the database does not answer."""

    issues: list[str] = field(default_factory=list)
    lag: Lag | None = None
    queues: int = 0

    @property
    def healthy(self) -> bool:
        return not self.issues


def check_health(settings: ConsoleSettings) -> Health:
    """Look at database, relay, failed jobs and queues. Raises SettingMissingError only."""
    issues, lag, queues = list[str](), None, list[Queue]()
    try:
        with transaction(settings) as session:
            lag = Messages(session).lag()
        issues += _lag_issues(lag)
    except SQLAlchemyError as error:
        issues.append(f"the database cannot be used ({type(error).__name__}): see DATABASE_URL, and `bellhop migrate`")
    try:
        queues = list_queues(settings) if settings.has_broker else []
        issues += [issue for queue in queues for issue in _queue_issues(queue)]
    except BrokerUnreachableError as error:
        issues.append(str(error))
    return Health(issues, lag, len(queues))


def _lag_issues(lag: Lag) -> Iterator[str]:
    if lag.outbox_age > LATE_SECONDS:
        yield f"an event waits in the outbox for {lag.outbox_age:.0f} s: does the relay run?"
    if lag.scheduled_overdue > LATE_SECONDS:
        yield f"a scheduled message is {lag.scheduled_overdue:.0f} s overdue: does the relay run?"
    if lag.failed_jobs > FAILED_JOBS:
        yield f"{lag.failed_jobs} failed jobs wait for a person: `bellhop failed list`"


def _queue_issues(queue: Queue) -> Iterator[str]:
    if queue.ready is None:
        yield f"queue {queue.name} is not there: run `bellhop migrate`"
        return
    if queue.name == UNROUTABLE:
        return
    if queue.waiting + queue.ready > BACKLOG:
        yield f"queue {queue.name} is backed up: {queue.waiting} messages wait for it, {queue.ready} are ready in it"
    if queue.oldest > LATE_SECONDS:
        yield f"the oldest message for queue {queue.name} waits for {queue.oldest:.0f} s: see `bellhop queues`"
    if queue.consumers == 0 and queue.name != PARK:
        yield f"nobody works on queue {queue.name}: is its service running?"
    if queue.dead_letters > 0:
        yield f"{queue.dead_letters} dead letters of {queue.name} were not moved yet: does the relay run?"
