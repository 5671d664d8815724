"""Rebuilding the projection, and processing the data of one event."""

from services.reports.handlers import event_data, rebuilding
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.projection import WAIT_SECONDS, projection_is_whole
from shared.contracts.notifications import AlertFailure
from shared.contracts.reports import MarkRebuildFailed, ProcessEventData, RebuildStep
from shared.messaging.actor import Snooze, actor
from shared.messaging.middleware import RateLimited, WithoutOverlapping
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

DEFAULT = "reports.default"


@actor(
    RebuildStep,
    queue=DEFAULT,
    tries=10,
    backoff=Delays([1, 2, 5, 30]),
    time_limit=300,
    on_failure=MarkRebuildFailed,
    shares_commit=False,
)
def rebuild_step(message: RebuildStep, session: Session, dependencies: Dependencies) -> None:
    rebuilding.step(session, dependencies.facts, message)


@actor(MarkRebuildFailed, queue=DEFAULT)
def mark_rebuild_failed(message: MarkRebuildFailed, session: Session, _dependencies: Dependencies) -> None:
    rebuilding.mark_failed(session, message)


@actor(
    ProcessEventData,
    queue=DEFAULT,
    tries=None,
    max_exceptions=3,
    backoff=Delays([10, 30, 60]),
    retry_until=7_200,
    time_limit=120,
    on_failure=AlertFailure,
    middleware=[WithoutOverlapping("{event_id}"), RateLimited("event data", 60, per=60)],
)
def process_event_data(message: ProcessEventData, session: Session, dependencies: Dependencies) -> None:
    if not projection_is_whole(session):
        raise Snooze(WAIT_SECONDS, "the projection is being rebuilt")
    event_data.process(session, message, dependencies.clock())
