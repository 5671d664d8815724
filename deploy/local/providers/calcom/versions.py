"""Which version of Cal.com's API each endpoint has. Any other value, or none, silently becomes an older one."""

from typing import Final

from deploy.local.providers.exchange import Request
from deploy.local.providers.records import Records

HEADER: Final = "cal-api-version"
OLDEST: Final = "2024-04-15"
CURRENT: Final = {
    **dict.fromkeys(("slots", "reserve", "reservation", "release"), ("2024-09-04",)),
    **dict.fromkeys(("event_types", "event_type"), ("2024-06-14",)),
    "schedules": ("2024-06-11",),
    **dict.fromkeys(("book", "cancel", "reschedule", "confirm", "decline", "absent"), ("2026-02-25", "2024-08-13")),
    "booking": ("2026-02-25", "2024-08-13", "2026-05-01"),
    "bookings": ("2026-05-01",),
}


def is_current(records: Records, operation: str, request: Request) -> bool:
    """Whether the request names a version that this endpoint has; if not, that is noted as a violation."""
    named = request.headers.get(HEADER)
    if named in CURRENT[operation]:
        return True
    records.violation(operation, f"{HEADER} {named or 'is missing'}: it is {CURRENT[operation][0]} here")
    return False
