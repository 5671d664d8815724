"""What an organisation wants of its reports."""

from uuid import UUID

from services.reports.domain.preferences import Preferences
from services.reports.errors import UnknownTimeZoneError
from services.reports.repository.preferences import AllPreferences
from shared.contracts.reports import ComputeOrganisationFigures
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique


def wanted(session: Session, organisation_id: UUID, time_zone: str) -> Preferences:
    """What it said, or, before it said anything, no weekly report and the installation's time zone."""
    return AllPreferences(session).of(organisation_id) or Preferences(time_zone=time_zone)


def put(session: Session, organisation_id: UUID, preferences: Preferences) -> None:
    """Keep these. With another time zone all figures are computed anew. Raises UnknownTimeZoneError."""
    known = AllPreferences(session)
    before = known.of(organisation_id)
    if not known.is_time_zone(preferences.time_zone):
        raise UnknownTimeZoneError(f"{preferences.time_zone!r} is no time zone here: write one such as Europe/Berlin")
    known.put(organisation_id, preferences)
    if before is None or before.time_zone != preferences.time_zone:
        ask_for_figures(session, organisation_id)


def ask_for_figures(session: Session, organisation_id: UUID) -> None:
    """Have the figures of one organisation brought up to date: once, however often it is asked for meanwhile."""
    message = ComputeOrganisationFigures(organisation_id=organisation_id)
    unique = Unique(str(organisation_id), until="started")
    publish(session, message, organisation_id=organisation_id, unique=unique)
