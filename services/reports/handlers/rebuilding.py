"""Throwing the projection away and building it again from the log, step by step, while new events go on coming in.

Each step is one transaction that publishes the next one, so it can be interrupted anywhere. What is told meanwhile goes
into the projection as always: taking in events is indifferent to their order, and to their number.
"""

from uuid import UUID

from services.reports.domain.rebuilds import Rebuild, RebuildState
from services.reports.errors import LogTrimmedError, RebuildRunningError
from services.reports.handlers.dependencies import Facts
from services.reports.repository import retention
from services.reports.repository.event_log import EventLog
from services.reports.repository.projection import Projection
from services.reports.repository.rebuilds import Rebuilds
from shared.contracts.reports import ComputeFigures, MarkRebuildFailed, RebuildStep
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish

log = get_logger("reports.rebuilding")

TRIM_SECONDS = 0.5
EMPTIED_FOR_EACH = 5
"""Rows are removed so many times faster than events are taken in."""


def start(session: Session) -> UUID:
    """Begin a rebuild. Raises RebuildRunningError while another one runs, LogTrimmedError where the log was cut."""
    if retention.log_was_trimmed(session):
        raise LogTrimmedError(
            "old events were let go of (REPORTS_RETENTION_EVENT_LOG_DAYS): a rebuild would lose what they told"
        )
    rebuild_id = new_id()
    if not Rebuilds(session).start(rebuild_id):
        raise RebuildRunningError("the projection is being rebuilt already: see `bellhop projection show`")
    publish(session, RebuildStep(rebuild_id=rebuild_id))
    return rebuild_id


def step(session: Session, facts: Facts, message: RebuildStep) -> None:
    """Empty the next part of the projection; when nothing is left of it, take in the next part of the log.

    After the last part the figures are computed anew: whatever was wrong in the projection is wrong in them.
    """
    rebuilds = Rebuilds(session)
    rebuild = rebuilds.hold(message.rebuild_id)
    if rebuild is None or rebuild.state is not RebuildState.RUNNING:
        return
    if rebuild.emptied_at is None:
        _empty(session, facts, rebuild)
    elif _fill(session, facts, rebuild):
        rebuilds.finish(rebuild.id)
        publish(session, ComputeFigures())
        log.info("projection rebuilt", rebuild_id=rebuild.id, events=rebuild.total)
        return
    publish(session, RebuildStep(rebuild_id=rebuild.id))


def trim_log(session: Session, facts: Facts) -> bool:
    """Let go of a part of the events whose time is over; whether none are left. What was made of them stays."""
    return retention.purge(session, facts.retention_event_log_days, TRIM_SECONDS)


def mark_failed(session: Session, notice: MarkRebuildFailed) -> None:
    """A step finally failed: nobody reads the projection until a later rebuild has come to its end."""
    rebuilds = Rebuilds(session)
    rebuild = rebuilds.hold(UUID(str(notice.fields["rebuild_id"])))
    if rebuild is not None and rebuild.state is RebuildState.RUNNING:
        rebuilds.fail(rebuild.id, f"{notice.reason}: {notice.error.strip().splitlines()[-1][:2_000]}")


def newest(session: Session) -> Rebuild | None:
    """The rebuild that was started last, if there was one."""
    return Rebuilds(session).newest()


def _empty(session: Session, facts: Facts, rebuild: Rebuild) -> None:
    """Readers with a snapshot of before go on seeing everything. What was told of a row that is removed here is in the log:
    whoever told it has committed, or is about to write it again.
    """
    limit = facts.rebuild_step_events * EMPTIED_FOR_EACH
    if Projection(session).empty(limit) < limit:
        extent = EventLog(session).extent()
        Rebuilds(session).emptied(rebuild.id, until=extent.last, total=extent.count)


def _fill(session: Session, facts: Facts, rebuild: Rebuild) -> bool:
    """Whether that was the last part."""
    part = EventLog(session).part(rebuild.reached, rebuild.until, facts.rebuild_step_events)
    if part.count:
        Projection(session).take_logged(rebuild.reached, part.last)
        Rebuilds(session).advance(rebuild.id, reached=part.last, count=part.count)
    return part.last >= rebuild.until
