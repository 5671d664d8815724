"""Messages of the appointments service: calls, the appointments that they lead to, and the calendars of Cal.com."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.contracts.message import ChainFailed, Command, Event


class FetchCall(Command):
    """Ask Retell for a call: its analysis has not come, or its webhooks never did. `looks` counts those in vain."""

    kind: ClassVar[str] = "appointments.call.fetch"
    connection_id: UUID
    external_id: str
    looks: int = 0


class ReadStoredCall(Command):
    """Read a webhook about a call that was too large for a message from storage."""

    kind: ClassVar[str] = "appointments.call.read_stored"
    connection_id: UUID
    event_type: str
    storage_key: str


class ExtractRequest(Command):
    """Read from a call's analysis what the caller wants. `appointment_id` is the one that the request will have."""

    kind: ClassVar[str] = "appointments.call.extract"
    call_id: UUID
    appointment_id: UUID


class IdentifyCustomer(Command):
    """Find the customer who called, by number, else by e-mail, or make a new one."""

    kind: ClassVar[str] = "appointments.customer.identify"
    call_id: UUID
    appointment_id: UUID


class BookAppointment(Command):
    """Book a wanted appointment with the provider of its calendar."""

    kind: ClassVar[str] = "appointments.appointment.book"
    appointment_id: UUID


class ConfirmAppointment(Command):
    """Tell the customer that the appointment stands, and plan its reminders."""

    kind: ClassVar[str] = "appointments.appointment.confirm"
    appointment_id: UUID


class CountCall(Command):
    """Count a call that has been worked on in its day's figures."""

    kind: ClassVar[str] = "appointments.call.count"
    call_id: UUID


class CallFailed(ChainFailed):
    """A step of a call's chain finally failed: operations are alerted, and the caller is told of a call back."""

    kind: ClassVar[str] = "appointments.call.failed"


class CancelAppointment(Command):
    """Cancel an appointment with the provider of its calendar. The wish is recorded already."""

    kind: ClassVar[str] = "appointments.appointment.cancel"
    appointment_id: UUID


class RescheduleAppointment(Command):
    """Move an appointment with the provider of its calendar. The wish, and when to, are recorded already."""

    kind: ClassVar[str] = "appointments.appointment.reschedule"
    appointment_id: UUID


class RemindOfAppointment(Command):
    """Remind of an appointment, if it still begins at `starts_at`: one that has moved has reminders of its own."""

    kind: ClassVar[str] = "appointments.appointment.remind"
    appointment_id: UUID
    starts_at: datetime
    minutes_before: int


class SyncCalendar(Command):
    """Read the event types of a connection anew."""

    kind: ClassVar[str] = "appointments.connection.sync"
    connection_id: UUID


class FindMissedBookings(Command):
    """Look a connection's bookings through for changes whose webhook never came."""

    kind: ClassVar[str] = "appointments.connection.find_missed_bookings"
    connection_id: UUID


class FindMissedCalls(Command):
    """Look a connection's list of calls through for those whose webhooks never came."""

    kind: ClassVar[str] = "appointments.connection.find_missed_calls"
    connection_id: UUID


class SyncCalendars(Command):
    """Publish SyncCalendar for every connection to Cal.com. Published by schedule."""

    kind: ClassVar[str] = "appointments.calendars.sync"


class PurgeAppointments(Command):
    """Let go of what was said in calls, of calls, and of appointments whose time is over. Published every hour."""

    kind: ClassVar[str] = "appointments.data.purge"


class FindMissed(Command):
    """Publish FindMissedBookings and FindMissedCalls for every connection. Published every hour."""

    kind: ClassVar[str] = "appointments.connections.find_missed"


class ReadStoredCalendarEvent(Command):
    """Read a webhook of Cal.com that was too large for a message from storage, and apply it."""

    kind: ClassVar[str] = "appointments.calendar.read_stored_event"
    connection_id: UUID | None
    external_id: str
    event_type: str
    created_at: datetime
    storage_key: str


class AppointmentBooked(Event):
    """An appointment stands in its calendar. `call_id` is the call that asked for it, if one did."""

    kind: ClassVar[str] = "appointments.appointment.booked"
    appointment_id: UUID
    organisation_id: UUID
    call_id: UUID | None
    customer_id: UUID | None
    service: str
    starts_at: datetime
    ends_at: datetime
    booked_at: datetime


class AppointmentRescheduled(Event):
    """An appointment was moved, by whichever side. `sequence` counts the moves from 1."""

    kind: ClassVar[str] = "appointments.appointment.rescheduled"
    appointment_id: UUID
    organisation_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    previous_starts_at: datetime
    sequence: int
    rescheduled_at: datetime


class AppointmentCancelled(Event):
    """An appointment does not take place. `reason` is what whoever cancelled wrote, or empty."""

    kind: ClassVar[str] = "appointments.appointment.cancelled"
    appointment_id: UUID
    organisation_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    cancelled_at: datetime


class CallHandled(Event):
    """A call has been worked on, as far as it goes for now. `outcome` is where it has led to; a later event of the same
    call replaces an earlier one.
    """

    kind: ClassVar[str] = "appointments.call.handled"
    call_id: UUID
    organisation_id: UUID
    outcome: str
    started_at: datetime
    handled_at: datetime
