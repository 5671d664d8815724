"""Daily figures: kept up to date, and shown."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.reports.domain.figures import FIGURES, MOST_DAYS, DailyFigure, Standing
from services.reports.domain.periods import Period
from services.reports.errors import PeriodTooLongError
from services.reports.handlers.preferences import ask_for_figures, wanted
from services.reports.repository.figures import Figures
from shared.logging import get_logger
from shared.messaging.outbox import Session

log = get_logger("reports.figures")

MOST_FIGURES = 50_000
"""Lines that are shown at once."""


def compute_all(session: Session, now: datetime) -> None:
    """Have the figures of each organisation brought up to date about which something was heard."""
    for organisation_id in Figures(session).stale_organisations(now):
        ask_for_figures(session, organisation_id)


def bring_up_to_date(session: Session, organisation_id: UUID, time_zone: str, now: datetime) -> None:
    """Compute the days anew about which something was heard since the last time: whole days, so that what was told late
    corrects them. All days, where they were never computed or the organisation's clock is another one now.
    """
    figures, zone = Figures(session), wanted(session, organisation_id, time_zone).time_zone
    standing = figures.hold(organisation_id, zone)
    days: Sequence[date] | None = figures.take_stale_days(organisation_id, zone, now, standing.computed_at)
    if standing.computed_at is None or standing.time_zone != zone:
        days = None
    if days is None or days:
        figures.compute(organisation_id, zone, now, days)
    figures.settle(organisation_id, zone, now)
    log.info("figures computed", organisation_id=organisation_id, days="all" if days is None else len(days))


def standing_of(session: Session, organisation_id: UUID, time_zone: str) -> Standing:
    """Whose days they count, and up to when they were computed."""
    return Figures(session).standing(organisation_id) or Standing(
        wanted(session, organisation_id, time_zone).time_zone, None
    )


def between(
    session: Session, organisation_id: UUID, period: Period, names: Sequence[str] = ()
) -> Sequence[DailyFigure]:
    """The figures of these names (of all, without any), day by day. Raises PeriodTooLongError."""
    if len(period.days) > MOST_DAYS:
        raise PeriodTooLongError(f"{len(period.days):,} days are too many: ask for {MOST_DAYS} at most")
    found = Figures(session).between(organisation_id, period.first, period.last, names or FIGURES, MOST_FIGURES + 1)
    if len(found) > MOST_FIGURES:
        raise PeriodTooLongError(f"these are over {MOST_FIGURES:,} lines: name the figures you want, or fewer days")
    return found
