"""Which times are free now, for somebody who waits for the answer: asked between two transactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.appointments.domain.appointments import AT_PROVIDER, Appointment, EventType
from services.appointments.domain.bookings import Usage
from services.appointments.errors import UnknownEventTypeError
from services.appointments.handlers.asking import Turn, open_calendar, settle, take_turn
from services.appointments.handlers.dependencies import Dependencies, Facts
from services.appointments.repository.calendars import Calendars
from shared.messaging.outbox import Session


@dataclass(frozen=True, slots=True)
class Look:
    """What is asked. `moving_uid` is a booking that is to be moved: its own time counts as free, and is left out."""

    kind: EventType
    turn: Turn
    length_minutes: int | None = None
    moving_uid: str | None = None
    own_start: datetime | None = None


def prepare(session: Session, facts: Facts, appointment: Appointment) -> Look:
    """When an appointment could take place instead. Raises UnknownEventTypeError, UnknownConnectionError."""
    kind = Calendars(session).get(appointment.event_type_id) if appointment.event_type_id else None
    if kind is None or kind.gone_at is not None:
        raise UnknownEventTypeError("what was booked vanished from the calendar")
    return Look(
        kind=kind,
        turn=take_turn(session, facts, kind.connection_id, 1),
        length_minutes=appointment.minutes if len(kind.lengths) > 1 else None,
        moving_uid=appointment.booking_uid if appointment.state in AT_PROVIDER else None,
        own_start=appointment.starts_at if appointment.state in AT_PROVIDER else None,
    )


def prepare_event_type(
    session: Session, facts: Facts, organisation_id: UUID, event_type_id: UUID, length_minutes: int | None = None
) -> Look:
    """When one of the organisation's event types is free. Raises UnknownEventTypeError, UnknownConnectionError."""
    kind = Calendars(session).get(event_type_id)
    if kind is None or kind.organisation_id != organisation_id or kind.gone_at is not None:
        raise UnknownEventTypeError(f"there is no event type {event_type_id}")
    length = length_minutes if len(kind.lengths) > 1 else None
    return Look(kind, take_turn(session, facts, kind.connection_id, 1), length)


def look(
    dependencies: Dependencies, prepared: Look, since: datetime, until: datetime
) -> tuple[Sequence[datetime], Usage]:
    """The free starts, in UTC, earliest first. Asks the network: no transaction may be open.

    Raises CalendarBusyError where the calendar was asked too often, and what its adapter raises.
    """
    calendar = open_calendar(dependencies, prepared.turn)
    first = max(since, prepared.turn.now)
    if first >= until:
        return [], calendar.usage
    found = calendar.slots(
        prepared.kind.external_id,
        first,
        until,
        length_minutes=prepared.length_minutes,
        moving_uid=prepared.moving_uid,
    )
    return [start for start in found if start != prepared.own_start], calendar.usage


def record(session: Session, facts: Facts, prepared: Look, usage: Usage) -> None:
    """Count what was asked."""
    settle(session, facts, prepared.turn, usage)
