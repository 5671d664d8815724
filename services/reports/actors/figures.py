"""Keeping the daily figures up to date."""

from services.reports.handlers import figures
from services.reports.handlers.dependencies import Dependencies
from services.reports.handlers.projection import WAIT_SECONDS, projection_is_whole
from shared.contracts.notifications import AlertFailure
from shared.contracts.reports import ComputeFigures, ComputeOrganisationFigures
from shared.messaging.actor import Snooze, actor
from shared.messaging.outbox import Session
from shared.messaging.retries import Delays

DEFAULT = "reports.default"


@actor(ComputeFigures, queue=DEFAULT, time_limit=120, shares_commit=False, on_failure=AlertFailure)
def compute_figures(_message: ComputeFigures, session: Session, dependencies: Dependencies) -> None:
    figures.compute_all(session, dependencies.clock())


@actor(
    ComputeOrganisationFigures,
    queue=DEFAULT,
    tries=5,
    backoff=Delays([10, 60, 600]),
    time_limit=600,
    shares_commit=False,
    on_failure=AlertFailure,
)
def compute_organisation_figures(
    message: ComputeOrganisationFigures, session: Session, dependencies: Dependencies
) -> None:
    if not projection_is_whole(session):
        raise Snooze(WAIT_SECONDS, "the projection is being rebuilt")
    zone = dependencies.for_figures.time_zone
    figures.bring_up_to_date(session, message.organisation_id, zone, dependencies.clock())
