"""Words of the provider of a calendar, from webhooks, answers and lists, applied in whatever order they come."""

from dataclasses import fields
from datetime import timedelta
from uuid import UUID

from services.appointments.domain.appointments import Appointment, State, may_follow
from services.appointments.domain.bookings import STATES, Ignored, NoShow, Paid, Told, Word, is_news
from services.appointments.domain.connections import Provider
from services.appointments.errors import WordTooSoonError
from services.appointments.handlers import standing
from services.appointments.handlers.connections import organisation_of
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calendars import Calendars
from shared.contracts.appointments import ReadStoredCalendarEvent, SyncCalendar
from shared.contracts.webhooks import CalcomEventReceived
from shared.ids import new_id
from shared.logging import get_logger
from shared.messaging.outbox import Session, publish
from shared.messaging.unique import Unique

PATIENCE = timedelta(minutes=30)
"""How long a word about a booking waits for that of its making. After that the booking is older than the connection."""

_LOG = get_logger("bellhop.appointments")


def hear(session: Session, dependencies: Dependencies, message: CalcomEventReceived) -> None:
    """Apply a webhook; one that was too large to be sent along is read from storage by a job of its own."""
    if message.data is None:
        publish(session, ReadStoredCalendarEvent(**message.model_dump()))
        return
    told = dependencies.calendar_events.told(message.event_type, message.data, message.created_at)
    take(session, dependencies, message, told)


def read_stored(dependencies: Dependencies, message: ReadStoredCalendarEvent) -> Told:
    """What a stored webhook says. Asks storage: no transaction may be open."""
    payload = dependencies.calendar_events.payload_in(dependencies.storage.get(message.storage_key or ""))
    return dependencies.calendar_events.told(message.event_type, payload, message.created_at)


def take(
    session: Session, dependencies: Dependencies, message: CalcomEventReceived | ReadStoredCalendarEvent, told: Told
) -> None:
    """Apply what a webhook says. Raises UnknownConnectionError, CompanyNotClearError."""
    if isinstance(told, Ignored):
        _LOG.info("calendar event without effect", event_type=message.event_type, reason=told.reason)
        return
    organisation_id, connection_id = organisation_of(session, message.connection_id, Provider.CALCOM)
    if isinstance(told, Word):
        take_word(session, dependencies, organisation_id, connection_id, told)
    elif isinstance(told, NoShow):
        take_no_show(session, dependencies, connection_id, told)
    else:
        _take_paid(session, dependencies, connection_id, told)


def take_word(
    session: Session, dependencies: Dependencies, organisation_id: UUID, connection_id: UUID, word: Word
) -> Appointment | None:
    """Apply one word about one booking. Returns the appointment as it stands then.

    An older word is only remembered for the names that it tells; None for a booking that has been moved on and of
    which nothing else is known: the word about the next one follows.
    """
    appointments = Appointments(session)
    appointments.lock_names(_names(connection_id, word))
    found = _known(appointments, organisation_id, connection_id, word)
    if word.following_uid is not None:
        return found
    if found is None:
        return _add(session, organisation_id, connection_id, word)
    if not is_news(found, word):
        for uid in {word.uid, word.former_uid} - {None, found.booking_uid}:
            appointments.name_formerly(connection_id, str(uid), found.id)
        return found
    return standing.apply(session, dependencies, found, word)


def _names(connection_id: UUID, word: Word) -> list[str]:
    """What nobody else may work on meanwhile: the booking under both its names, and our own appointment."""
    uids = [f"booking {connection_id} {uid}" for uid in (word.uid, word.former_uid) if uid]
    return [*uids, *([f"appointment {word.appointment_id}"] if word.appointment_id else [])]


def _known(appointments: Appointments, organisation_id: UUID, connection_id: UUID, word: Word) -> Appointment | None:
    """By what the booking is or was called, else by our id in its metadata, else by its calendar entry.

    Bookings of a series have the same metadata: one with another uid that was not moved is another appointment.
    """
    found = appointments.called(connection_id, [uid for uid in (word.uid, word.former_uid) if uid])
    if found is None and word.appointment_id is not None:
        ours = appointments.lock(word.appointment_id)
        if ours is not None and ours.organisation_id == organisation_id:
            found = ours if ours.booking_uid is None or word.former_uid else None
    if found is None and word.former_uid and word.ical_uid:
        found = appointments.of_series(connection_id, word.ical_uid)
    return found


def _add(session: Session, organisation_id: UUID, connection_id: UUID, word: Word) -> Appointment | None:
    """A booking that is not ours becomes an appointment without a call; so does one that has fallen already, since
    the word about its making may still come.
    """
    appointments, calendars = Appointments(session), Calendars(session)
    kind = calendars.by_external_id(connection_id, word.event_type) if word.event_type is not None else None
    if word.event_type is not None and kind is None:
        publish(session, SyncCalendar(connection_id=connection_id), unique=Unique(f"event:{connection_id}"))
    appointment_id = new_id()
    values = {
        "id": appointment_id,
        "organisation_id": organisation_id,
        "connection_id": connection_id,
        "event_type_id": kind.id if kind else None,
        "host_number": calendars.host_number(organisation_id, word.host, word.host_name) if word.host else None,
        "shares_host": kind.has_seats if kind else False,
        "state": STATES[word.standing],
        "service": (kind.title if kind else word.title) or "appointment",
        "booking_uid": word.uid,
        "booking_number": word.number,
        "sequence": word.sequence or 0,
        **{field.name: getattr(word, field.name) for field in fields(Word) if field.name in _KEPT},
    }
    if not appointments.add(**values):
        appointments.add(**{**values, "shares_host": True})
    if word.former_uid:
        appointments.name_formerly(connection_id, word.former_uid, appointment_id)
    added = appointments.get(appointment_id)
    if added is not None and added.state is State.BOOKED:
        standing.announce_booked(session, added)
    return added


_KEPT = frozenset(
    {
        *("starts_at", "ends_at", "told_at", "ical_uid", "name", "email", "phone", "time_zone", "language"),
        *("meeting_url", "location", "reason"),
    }
)
"""What an appointment has under the same name as a word."""


def take_no_show(session: Session, dependencies: Dependencies, connection_id: UUID, told: NoShow) -> None:
    """Somebody did not come, or did after all."""
    found = _told_of(session, dependencies, connection_id, told)
    if found is None or (found.told_at is not None and told.told_at < found.told_at):
        return
    state = State.NO_SHOW if told.is_absent else State.BOOKED
    if found.state in {State.BOOKED, State.NO_SHOW} and may_follow(found.state, state):
        Appointments(session).change(found.id, state=state, told_at=told.told_at)


def _take_paid(session: Session, dependencies: Dependencies, connection_id: UUID, told: Paid) -> None:
    found = _told_of(session, dependencies, connection_id, told)
    if found is not None:
        Appointments(session).change(found.id, is_paid=True)


def _told_of(
    session: Session, dependencies: Dependencies, connection_id: UUID, told: NoShow | Paid
) -> Appointment | None:
    """The appointment that is told of. The word that makes it known may come later: young ones wait for it.

    Raises WordTooSoonError.
    """
    appointments = Appointments(session)
    appointments.lock_names([f"booking {connection_id} {told.uid}"])
    found = appointments.called(connection_id, [told.uid])
    if found is None and dependencies.clock() - told.told_at < PATIENCE:
        raise WordTooSoonError(f"nothing is known of booking {told.uid} yet")
    if found is None:
        _LOG.info("an unknown booking was told of", booking_uid=told.uid)
    return found


def absorb(session: Session, dependencies: Dependencies, appointment_id: UUID, stray: Appointment) -> None:
    """A booking of ours was moved before its answer came, by a word that did not name us: so it stands under an
    appointment of its own. Ours takes its place.
    """
    appointments = Appointments(session)
    ours = appointments.lock(appointment_id)
    if ours is None or stray.is_ours or ours.booking_uid is not None:
        return
    taken = appointments.take_over(stray.id, appointment_id)
    if taken.state is not ours.state and taken.state is State.BOOKED:
        standing.announce_booked(session, taken)
    elif taken.state in {State.CANCELLED, State.REJECTED}:
        standing.fallen(session, dependencies, taken)
