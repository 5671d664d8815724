"""A lost webhook is silent: so the bookings that were changed are looked through every hour.

Each look goes back over those before it, since a list may lag and leave entries out; and appointments that are about to
begin are asked for one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.appointments.domain.appointments import Appointment, State
from services.appointments.domain.bookings import STATES, NoShow, Usage, Word, is_news
from services.appointments.domain.connections import Provider
from services.appointments.handlers import calendar_events
from services.appointments.handlers.asking import Turn, note_failure, open_calendar, settle, take_turn
from services.appointments.handlers.connections import organisation_of
from services.appointments.handlers.dependencies import Dependencies, Facts
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.connections import Connections
from shared.contracts.appointments import FindMissedBookings
from shared.logging import get_logger
from shared.messaging.outbox import Session

OVERLAP = timedelta(hours=3)
"""How far a look goes back behind the one before: each change is seen by several."""
FIRST_LOOK = timedelta(days=1)
MOST_PAGES = 40
LOOK_SECONDS = 240.0
ABOUT_TO_BEGIN = timedelta(hours=2)
MOST_ASKED = 20
"""Appointments asked for one by one in each look."""
FORGOTTEN = timedelta(hours=3)
"""Longer than all tries of a booking. After that its message has ended without a word: discarded, say, or poison."""

_LOG = get_logger("bellhop.appointments")


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked through."""

    organisation_id: UUID
    connection_id: UUID
    turn: Turn
    since: datetime
    about_to_begin: Sequence[Appointment]


@dataclass(frozen=True, slots=True)
class Found:
    """What the provider says. `is_whole`: there was an end to its pages."""

    words: Sequence[Word]
    usage: Usage
    is_whole: bool


def prepare(session: Session, facts: Facts, message: FindMissedBookings) -> Look:
    """Raises UnknownConnectionError, CompanyNotClearError."""
    organisation_id, connection_id = organisation_of(session, message.connection_id, Provider.CALCOM)
    turn = take_turn(session, facts, connection_id, 1)
    seen_until = Connections(session).bookings_seen_until(connection_id)
    since = seen_until - OVERLAP if seen_until else turn.now - FIRST_LOOK
    beginning = Appointments(session).beginning(connection_id, turn.now, turn.now + ABOUT_TO_BEGIN, MOST_ASKED)
    return Look(organisation_id, connection_id, turn, since, beginning)


def look(dependencies: Dependencies, intent: Look) -> Found:
    """Ask the provider, with no transaction open. Raises BellhopError."""
    calendar = open_calendar(dependencies, intent.turn)
    calendar.allow(LOOK_SECONDS)
    words: dict[str, Word] = {}
    cursor, pages = None, 0
    while pages < MOST_PAGES and (cursor is not None or pages == 0):
        page = calendar.updated(intent.since, cursor)
        words |= {word.uid: word for word in page.words}
        cursor, pages = page.cursor, pages + 1
    for appointment in intent.about_to_begin:
        if appointment.booking_uid and appointment.booking_uid not in words:
            found = calendar.booking(appointment.booking_uid)
            words |= {found.uid: found} if found else {}
    return Found(list(words.values()), calendar.usage, is_whole=cursor is None)


def record(session: Session, dependencies: Dependencies, intent: Look, found: Found) -> None:
    """Apply what is news, oldest first, as a webhook would have been."""
    for word in sorted(found.words, key=lambda one: one.told_at):
        _take(session, dependencies, intent, word)
    for appointment_id in Appointments(session).give_up_forgotten(intent.connection_id, FORGOTTEN):
        _LOG.warning("an appointment's booking was given up", appointment_id=str(appointment_id))
    settle(session, dependencies.facts, intent.turn, found.usage)
    if found.is_whole:
        Connections(session).note(intent.connection_id, bookings_seen_until=intent.turn.now, last_error=None)
    else:
        _LOG.warning("more changed bookings than one look takes", connection_id=str(intent.connection_id))


def _take(session: Session, dependencies: Dependencies, intent: Look, word: Word) -> None:
    appointments = Appointments(session)
    known = appointments.called(intent.connection_id, [word.uid])
    if word.following_uid is None and (known is None or (known.booking_uid == word.uid and _changes(known, word))):
        _LOG.info("a change of a booking was missed", booking_uid=word.uid, standing=word.standing)
    after = calendar_events.take_word(session, dependencies, intent.organisation_id, intent.connection_id, word)
    if after is not None and word.is_absent and after.state is State.BOOKED and after.booking_uid == word.uid:
        absent = NoShow(word.uid, is_absent=True, told_at=word.told_at)
        calendar_events.take_no_show(session, dependencies, intent.connection_id, absent)


def _changes(known: Appointment, word: Word) -> bool:
    is_same = (known.starts_at, known.ends_at) == (word.starts_at, word.ends_at)
    return is_news(known, word) and (known.state is not STATES[word.standing] or not is_same)


def failed(session: Session, facts: Facts, message: FindMissedBookings, error: BaseException) -> None:
    """Show with the connection why its bookings could not be looked through."""
    note_failure(session, facts, message.connection_id, error)
    Connections(session).note(message.connection_id, last_error=str(error)[:500])
