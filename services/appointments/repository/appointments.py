"""Appointments, and the uids that their bookings had."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import ExclusionViolation, LockNotAvailable
from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from services.appointments.domain.appointments import AT_PROVIDER, Appointment, State, Wanted
from services.appointments.errors import CalendarBusyError
from services.appointments.models import HOLDING, AppointmentRow, CallRow, FormerBookingRow
from shared.database.lists import is_one_of

_COLUMNS = [getattr(AppointmentRow, field.name) for field in fields(Appointment)]
_OF_BOOKING = (
    *("state", "starts_at", "ends_at", "host_number", "shares_host", "booking_uid", "booking_number", "ical_uid"),
    *("sequence", "told_at", "moves", "meeting_url", "location", "is_paid"),
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 4711))")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which appointments a list shows; None is any."""

    state: State | None = None
    call_id: UUID | None = None
    customer_id: UUID | None = None
    starts_from: datetime | None = None
    starts_before: datetime | None = None


class Appointments:
    """All appointments, of calls and of others."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def want(self, wanted: Wanted) -> bool:
        """Add one that somebody wants. False where it is there already, which is then left as it is."""
        values = {field.name: getattr(wanted, field.name) for field in fields(Wanted)}
        statement = insert_or_not(AppointmentRow).values(**values, state=State.WANTED)
        statement = statement.on_conflict_do_nothing(index_elements=[AppointmentRow.id])
        return self._session.execute(statement.returning(AppointmentRow.id)).scalar() is not None

    def add(self, **values: Any) -> bool:
        """Add one that came from its provider. False where its host's time is held here already."""
        return self._fits(insert(AppointmentRow).values(**values))

    def get(self, appointment_id: UUID) -> Appointment | None:
        """One, as it stands."""
        return self._one(AppointmentRow.id == appointment_id)

    def of_organisation(self, organisation_id: UUID, appointment_id: UUID) -> Appointment | None:
        """One of the organisation's; None where it has none with this id."""
        return self._one(AppointmentRow.id == appointment_id, AppointmentRow.organisation_id == organisation_id)

    def lock(self, appointment_id: UUID) -> Appointment | None:
        """One, held against others until the transaction ends."""
        return self._one(AppointmentRow.id == appointment_id, lock=True)

    def lock_names(self, names: Iterable[str]) -> None:
        """Let nobody else work on what is called one of these until the transaction ends.

        Taken before any row is locked, and always in one order: so nobody waits in a circle. Raises CalendarBusyError.
        """
        with _bounded_wait():
            for name in sorted(set(names)):
                self._session.execute(_LOCK, {"key": f"appointments:{name}"})

    def called(self, connection_id: UUID, uids: Sequence[str]) -> Appointment | None:
        """The one whose booking is, or once was, called one of these, locked."""
        former = select(FormerBookingRow.appointment_id).where(
            FormerBookingRow.connection_id == connection_id, is_one_of(FormerBookingRow.booking_uid, uids)
        )
        found = or_(is_one_of(AppointmentRow.booking_uid, uids), AppointmentRow.id.in_(former))
        return self._one(AppointmentRow.connection_id == connection_id, found, lock=True)

    def of_series(self, connection_id: UUID, ical_uid: str) -> Appointment | None:
        """The one whose calendar entry has this uid, which stays when it is moved. Locked."""
        return self._one(AppointmentRow.connection_id == connection_id, AppointmentRow.ical_uid == ical_uid, lock=True)

    def change(self, appointment_id: UUID, **values: Any) -> None:
        """Write these columns."""
        self._session.execute(_change(appointment_id, values))

    def change_if_free(self, appointment_id: UUID, **values: Any) -> bool:
        """Write these columns, unless the host's time is held by another: then nothing is written, and it is False."""
        return self._fits(_change(appointment_id, values))

    def name_formerly(self, connection_id: UUID, uid: str, appointment_id: UUID) -> None:
        """Remember what a booking was called before it was moved."""
        statement = insert_or_not(FormerBookingRow).values(
            connection_id=connection_id, booking_uid=uid, appointment_id=appointment_id
        )
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[FormerBookingRow.connection_id, FormerBookingRow.booking_uid],
                set_={"appointment_id": appointment_id},
            )
        )

    def take_over(self, stray_id: UUID, appointment_id: UUID) -> Appointment:
        """Give one the booking of another, which is deleted. Returns the one as it stands then."""
        query = select(*(getattr(AppointmentRow, name) for name in _OF_BOOKING)).where(AppointmentRow.id == stray_id)
        values = dict(zip(_OF_BOOKING, self._session.execute(query).one(), strict=True))
        moved = update(FormerBookingRow).where(FormerBookingRow.appointment_id == stray_id)
        self._session.execute(moved.values(appointment_id=appointment_id))
        self._session.execute(delete(AppointmentRow).where(AppointmentRow.id == stray_id))
        self.change(appointment_id, **values, wish=None, reason=None, detail=None)
        taken = self.get(appointment_id)
        assert taken is not None
        return taken

    def call_name(self, call_id: UUID) -> str | None:
        """What the provider of calls calls the call that led to it."""
        return self._session.scalar(select(CallRow.external_id).where(CallRow.id == call_id))

    def beginning(self, connection_id: UUID, since: datetime, until: datetime, count: int) -> Sequence[Appointment]:
        """Those in the connection's calendar that begin in between, the earliest first."""
        query = select(*_COLUMNS).where(
            AppointmentRow.connection_id == connection_id,
            AppointmentRow.state.in_(sorted(AT_PROVIDER)),
            AppointmentRow.starts_at >= since,
            AppointmentRow.starts_at < until,
        )
        rows = self._session.execute(query.order_by(AppointmentRow.starts_at, AppointmentRow.id).limit(count))
        return [_appointment(row) for row in rows]

    def give_up_forgotten(self, connection_id: UUID, after: timedelta) -> Sequence[UUID]:
        """Those whose booking nobody has worked on for so long have failed, and free their hosts' time."""
        forgotten = (
            (AppointmentRow.connection_id == connection_id)
            & (AppointmentRow.state == State.BOOKING)
            & (AppointmentRow.updated_at < func.clock_timestamp() - after)
        )
        statement = update(AppointmentRow).where(forgotten).values(state=State.FAILED, reason="forgotten")
        return self._session.execute(statement.returning(AppointmentRow.id)).scalars().all()

    def held_times(self, host_number: int, since: datetime, until: datetime) -> Sequence[tuple[datetime, datetime]]:
        """When a host's time is held here."""
        query = select(AppointmentRow.starts_at, AppointmentRow.ends_at).where(
            AppointmentRow.host_number == host_number,
            text(HOLDING),
            AppointmentRow.starts_at < until,
            AppointmentRow.ends_at > since,
        )
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def page(self, organisation_id: UUID, shown: Filter, *, after: UUID | None, count: int) -> Sequence[Appointment]:
        """The organisation's, newest first, from behind `after`."""
        query = select(*_COLUMNS).where(AppointmentRow.organisation_id == organisation_id)
        for column in ("state", "call_id", "customer_id"):
            if (value := getattr(shown, column)) is not None:
                query = query.where(getattr(AppointmentRow, column) == value)
        if shown.starts_from is not None:
            query = query.where(AppointmentRow.starts_at >= shown.starts_from)
        if shown.starts_before is not None:
            query = query.where(AppointmentRow.starts_at < shown.starts_before)
        if after is not None:
            query = query.where(AppointmentRow.id < after)
        rows = self._session.execute(query.order_by(AppointmentRow.id.desc()).limit(count))
        return [_appointment(row) for row in rows]

    def _one(self, *conditions: Any, lock: bool = False) -> Appointment | None:
        query = select(*_COLUMNS).where(*conditions).order_by(AppointmentRow.id).limit(1)
        row = self._session.execute(query.with_for_update() if lock else query).one_or_none()
        return None if row is None else _appointment(row)

    def _fits(self, statement: Any) -> bool:
        try:
            with _bounded_wait(), self._session.begin_nested():
                self._session.execute(statement)
        except IntegrityError as error:
            if isinstance(error.orig, ExclusionViolation):
                return False
            raise
        return True


@contextmanager
def _bounded_wait() -> Iterator[None]:
    """Raises CalendarBusyError where PostgreSQL ended the wait for others: its lock_timeout was reached.

    A deadlock goes on as what it is: whoever runs the transaction runs it again at once.
    """
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise CalendarBusyError("others work on the same calendar at this moment", retry_after=1) from error
        raise


def _change(appointment_id: UUID, values: dict[str, Any]) -> Any:
    statement = update(AppointmentRow).where(AppointmentRow.id == appointment_id)
    return statement.values(**values, updated_at=func.clock_timestamp())


def _appointment(row: Sequence[Any]) -> Appointment:
    values = dict(zip((field.name for field in fields(Appointment)), row, strict=True))
    return Appointment(**{**values, "state": State(values["state"])})
