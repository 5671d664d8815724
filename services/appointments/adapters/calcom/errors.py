"""What Cal.com's refusals mean: one table. Its texts are those of apps/api/v2, errors.service.ts and slots.service.ts."""

from collections.abc import Mapping
from typing import Any, Final

from services.appointments.errors import (
    AlreadyCancelledError,
    BookingGoneError,
    CalendarCredentialsError,
    CalendarLimitError,
    CalendarRefusedError,
    CalendarUnclearError,
    SlotReservedError,
    SlotUnavailableError,
)
from shared.errors import BellhopError, TransientError
from shared.http import Response

_LIMIT_PAUSE: Final = 60.0
"""Seconds to wait after a 429 that does not say for how long: the length of Cal.com's window."""

_BY_TEXT: Final[tuple[tuple[str, type[BellhopError]], ...]] = (
    ("already has booking at this time or is not available", SlotUnavailableError),
    ("no_available_users_found_error", SlotUnavailableError),
    ("hosts_unavailable_for_booking", SlotUnavailableError),
    ("booking_time_out_of_bounds_error", SlotUnavailableError),
    ("can't be booked at the", SlotUnavailableError),
    ("book a meeting in the past", SlotUnavailableError),
    ("reserve a slot if the event is already booked", SlotUnavailableError),
    ("is already reserved", SlotReservedError),
    ("else reserved this booking time slot before you", SlotReservedError),
    ("else reserved this slot before you", SlotReservedError),
    ("no more seats left", SlotUnavailableError),
    ("booking seats are full", SlotUnavailableError),
    ("cancelled and rescheduled already", BookingGoneError),
    ("can't reschedule booking", BookingGoneError),
    ("has been cancelled already", AlreadyCancelledError),
)
"""A taken slot comes as 400, or 422 for a reservation: so it is known by its text."""

_BY_STATUS: Final[Mapping[int, type[BellhopError]]] = {
    401: CalendarCredentialsError,
    403: CalendarCredentialsError,
    404: BookingGoneError,
    410: BookingGoneError,
}


def refusal(response: Response, asked: str, *, changes: bool) -> BellhopError:
    """The error for an answer that is not 2xx. `changes`: the request was to change something at Cal.com."""
    told = message_of(response)
    text = f"Cal.com answered {response.status} to {asked}: {told}"
    if response.status == 429:
        return CalendarLimitError(text, retry_after=response.retry_after or _LIMIT_PAUSE)
    if response.status == 408 or response.status >= 500:
        failed = CalendarUnclearError if changes else TransientError
        return failed(text, retry_after=response.retry_after)
    if response.status in {400, 409, 422}:
        lowered = told.lower()
        for phrase, error in _BY_TEXT:
            if phrase in lowered:
                return error(text)
    return _BY_STATUS.get(response.status, CalendarRefusedError)(text)


def message_of(response: Response) -> str:
    """`error.message` and `error.code`, or the beginning of whatever came instead."""
    try:
        body: Any = response.json()
    except BellhopError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        found = [error.get("message"), error.get("code")]
    elif isinstance(body, dict):
        found = [body.get("message"), error]
    else:
        found = []
    told = " / ".join(str(part) for part in found if part)
    return (told or response.text)[:500]
