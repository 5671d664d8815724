"""What can be booked with a connection, read from its provider by schedule and on demand."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.appointments.domain.bookings import Offering, Usage
from services.appointments.domain.connections import Provider
from services.appointments.handlers.asking import Turn, note_failure, open_calendar, settle, take_turn
from services.appointments.handlers.connections import active, organisation_of
from services.appointments.handlers.dependencies import Dependencies, Facts
from services.appointments.repository.calendars import Calendars
from services.appointments.repository.connections import Connections
from shared.contracts.appointments import FindMissedBookings, FindMissedCalls, SyncCalendar
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique


@dataclass(frozen=True, slots=True)
class Sync:
    """Whose calendar is read."""

    organisation_id: UUID
    connection_id: UUID
    turn: Turn


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be booked."""

    offerings: Sequence[Offering]
    usage: Usage


def sync_all(session: Session, facts: Facts) -> None:
    """Have every connection's event types read. One that is still being read is not read twice."""
    for connection_id in active(session, facts, Provider.CALCOM):
        publish(session, SyncCalendar(connection_id=connection_id), unique=Unique(f"scheduled:{connection_id}"))


def find_missed_everywhere(session: Session, facts: Facts) -> None:
    """Have every connection looked through for what was missed."""
    for connection_id in active(session, facts, Provider.CALCOM):
        publish(session, FindMissedBookings(connection_id=connection_id), unique=Unique(f"scheduled:{connection_id}"))
    for connection_id in active(session, facts, Provider.RETELL):
        publish(session, FindMissedCalls(connection_id=connection_id), unique=Unique(f"scheduled:{connection_id}"))


def prepare_sync(session: Session, facts: Facts, message: SyncCalendar) -> Sync:
    """Raises UnknownConnectionError, CompanyNotClearError."""
    organisation_id, connection_id = organisation_of(session, message.connection_id, Provider.CALCOM)
    return Sync(organisation_id, connection_id, take_turn(session, facts, connection_id, 1))


def read(dependencies: Dependencies, intent: Sync) -> Offered:
    """Ask the provider. Raises BellhopError."""
    calendar = open_calendar(dependencies, intent.turn)
    return Offered(calendar.event_types(), calendar.usage)


def record_sync(session: Session, facts: Facts, intent: Sync, offered: Offered) -> None:
    """Write what there is; what the provider does not name any more is gone, and what was known of free times dropped."""
    calendars = Calendars(session)
    for offering in offered.offerings:
        calendars.write(intent.organisation_id, intent.connection_id, offering)
    calendars.mark_gone(intent.connection_id, [offering.external_id for offering in offered.offerings])
    settle(session, facts, intent.turn, offered.usage)
    Connections(session).note(intent.connection_id, synced_at=intent.turn.now, last_error=None)


def sync_failed(session: Session, facts: Facts, message: SyncCalendar, error: BaseException) -> None:
    """Show with the connection why its calendar could not be read."""
    note_failure(session, facts, message.connection_id, error)
    Connections(session).note(message.connection_id, last_error=str(error)[:500])
