"""Reminders that are planned, and those that were sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.appointments.models import ReminderRow


class Reminders:
    """The reminders of all appointments."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def planned(self, appointment_id: UUID, starts_at: datetime) -> Sequence[int]:
        """How many minutes before this beginning there is a reminder already, planned or sent."""
        query = select(ReminderRow.minutes_before).where(
            ReminderRow.appointment_id == appointment_id, ReminderRow.starts_at == starts_at
        )
        return self._session.execute(query).scalars().all()

    def plan(self, appointment_id: UUID, starts_at: datetime, minutes_before: int, message_id: UUID) -> None:
        """Remember the message that will remind."""
        statement = insert(ReminderRow).values(
            appointment_id=appointment_id, starts_at=starts_at, minutes_before=minutes_before, message_id=message_id
        )
        self._session.execute(statement)

    def drop_unsent(self, appointment_id: UUID) -> Sequence[UUID]:
        """Forget the reminders that were not sent. Returns their messages, which are to be cancelled."""
        unsent = (ReminderRow.appointment_id == appointment_id) & ReminderRow.sent_at.is_(None)
        return (
            self._session.execute(delete(ReminderRow).where(unsent).returning(ReminderRow.message_id)).scalars().all()
        )

    def mark_sent(self, appointment_id: UUID, starts_at: datetime, minutes_before: int) -> bool:
        """Whether this reminder was planned and not sent yet; it is sent from now on."""
        mine = (
            (ReminderRow.appointment_id == appointment_id)
            & (ReminderRow.starts_at == starts_at)
            & (ReminderRow.minutes_before == minutes_before)
            & ReminderRow.sent_at.is_(None)
        )
        statement = update(ReminderRow).where(mine).values(sent_at=func.clock_timestamp())
        return self._session.execute(statement.returning(ReminderRow.message_id)).scalar() is not None
