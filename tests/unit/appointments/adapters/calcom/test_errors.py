"""What Cal.com's refusals mean."""

import pytest

from services.appointments.adapters.calcom.errors import refusal
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
from shared.errors import BellhopError, OutcomeUnknown, TransientError
from shared.http import Response


def answer(status: int, message: str = "", headers: dict[str, str] | None = None) -> Response:
    body = f'{{"status":"error","error":{{"code":"X","message":{message!r}}}}}'.replace("'", '"')
    return Response(status, headers or {}, body.encode(), 0.1)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "User either already has booking at this time or is not available", SlotUnavailableError),
        (400, "One of the hosts either already has booking at this time or is not available", SlotUnavailableError),
        (400, "no_available_users_found_error", SlotUnavailableError),
        (400, "booking_time_out_of_bounds_error", SlotUnavailableError),
        (400, "Attempting to book a meeting in the past.", SlotUnavailableError),
        (422, "This time slot is already reserved by another user.", SlotReservedError),
        (400, "Cannot cancel: it has been cancelled already", AlreadyCancelledError),
        (400, "attendee property is wrong", CalendarRefusedError),
        (401, "Your api key is not valid", CalendarCredentialsError),
        (403, "Forbidden", CalendarCredentialsError),
        (404, "Event type with id 7 not found.", BookingGoneError),
        (302, "", CalendarRefusedError),
    ],
)
def test_each_refusal_has_its_error(status: int, message: str, error: type[BellhopError]) -> None:
    """A taken slot is a 400: only its text tells it apart."""
    found = refusal(answer(status, message), "POST /v2/bookings", changes=True)
    assert type(found) is error
    assert message in str(found)


def test_a_limit_says_for_how_long() -> None:
    """Nothing was done."""
    told = refusal(answer(429, "", {"retry-after": "7"}), "GET /v2/slots", changes=False)
    silent = refusal(answer(429), "POST /v2/bookings", changes=True)

    assert isinstance(told, CalendarLimitError)
    assert isinstance(silent, CalendarLimitError)
    assert (told.retry_after, silent.retry_after) == (7.0, 60.0)
    assert not isinstance(told, OutcomeUnknown)


def test_a_fault_of_their_own_leaves_a_change_unknown_but_not_a_question() -> None:
    """A question can be asked again."""
    changed = refusal(answer(502), "POST /v2/bookings", changes=True)
    asked = refusal(answer(502), "GET /v2/slots", changes=False)

    assert isinstance(changed, CalendarUnclearError)
    assert type(asked) is TransientError


def test_a_page_of_somebody_elses_is_shown_cut() -> None:
    """A proxy's HTML, say."""
    found = refusal(Response(400, {}, b"<html>" + b"x" * 9_000, 0.1), "POST /v2/bookings", changes=True)
    assert len(str(found)) < 700
