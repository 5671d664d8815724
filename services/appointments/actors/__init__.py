"""What the appointments service hears: of calls, of appointments, and of the calendars that these stand in."""

from services.appointments.actors.bookings import (
    book_appointment,
    cancel_appointment,
    confirm_appointment,
    remind_of_appointment,
    reschedule_appointment,
)
from services.appointments.actors.calendars import (
    find_missed,
    find_missed_bookings,
    hear_calendar_event,
    read_stored_calendar_event,
    sync_calendar,
    sync_calendars,
)
from services.appointments.actors.calls import (
    call_failed,
    count_call,
    extract_request,
    fetch_call,
    find_missed_calls,
    hear_call,
    identify_customer,
    read_stored_call,
)
from services.appointments.actors.retention import purge_appointments

__all__ = [
    "book_appointment",
    "call_failed",
    "cancel_appointment",
    "confirm_appointment",
    "count_call",
    "extract_request",
    "fetch_call",
    "find_missed",
    "find_missed_bookings",
    "find_missed_calls",
    "hear_calendar_event",
    "hear_call",
    "identify_customer",
    "purge_appointments",
    "read_stored_calendar_event",
    "read_stored_call",
    "remind_of_appointment",
    "reschedule_appointment",
    "sync_calendar",
    "sync_calendars",
]
