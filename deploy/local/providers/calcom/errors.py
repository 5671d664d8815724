"""Cal.com's refusals, in its own words (apps/api/v2: errors.service.ts, bookings.service.ts, slots.service.ts)."""

from typing import Any, Final

from deploy.local.providers.clock import Clock, iso
from deploy.local.providers.exchange import Answer, RefusedError

TAKEN: Final = "User either already has booking at this time or is not available"
HOSTS_TAKEN: Final = "One of the hosts either already has booking at this time or is not available"
IN_THE_PAST: Final = "Attempting to book a meeting in the past."
OUT_OF_BOUNDS: Final = (
    "The event type can't be booked at the \"start\" time provided. This could be because it's too soon (violating the "
    "minimum booking notice) or too far in the future (outside the event's scheduling window). Try fetching available "
    'slots first using the GET /v2/slots endpoint and then make a booking with "start" time equal to one of the '
    "available slots: https://cal.com/docs/api-reference/v2/slots"
)
ALREADY_BOOKED: Final = "Can't reserve a slot if the event is already booked."
ALREADY_RESERVED: Final = "This time slot is already reserved by another user. Please choose a different time."

_NAMES: Final = {
    400: ("BadRequestException", "Bad Request"),
    401: ("UnauthorizedException", "Unauthorized"),
    403: ("ForbiddenException", "Forbidden"),
    404: ("NotFoundException", "Not Found"),
    422: ("UnprocessableEntityException", "Unprocessable Entity"),
    429: ("ThrottlerException", "Too Many Requests"),
}


class CalcomRefusedError(Exception):
    """Cal.com says no, with this status and message. The server writes its body around it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def wrong(name: str, what: str) -> CalcomRefusedError:
    """A property that does not pass its checks."""
    return CalcomRefusedError(400, f"{name} property is wrong,{what} ")


def refusal(clock: Clock, path: str, status: int, message: str) -> Answer:
    """The body that every error of API v2 has."""
    code, short = _NAMES.get(status, ("InternalServerErrorException", "Internal Server Error"))
    details: dict[str, Any] = {"message": message, "error": short, "statusCode": status}
    body = {
        "status": "error",
        "timestamp": iso(clock.now()),
        "path": path,
        "error": {"code": code, "message": message, "details": details},
    }
    return Answer(status, body)


def refused(clock: Clock, path: str, status: int, message: str) -> RefusedError:
    """The same, to raise."""
    return RefusedError(refusal(clock, path, status, message))
