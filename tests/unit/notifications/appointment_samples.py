"""Letters about appointments, as the tests of notifications start from."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifications.domain.progress import Progress
from services.notifications.domain.sendings import Email
from services.notifications.letters import AppointmentLetter
from shared.contracts.notifications import CalendarEntry, OfferedSlot, TellAboutAppointment
from tests.unit.notifications.samples import EMAIL_ID, WRITTEN_AT

APPOINTMENT_ID = UUID("01931d5e-0000-7000-8000-000000000021")
STARTS_AT = datetime(2026, 8, 4, 8, 0, tzinfo=UTC)
MANAGE_URL = f"https://clinic.example/a/{'k' * 56}"
LETTERS = ("confirmed", "requested", "moved", "cancelled", "reminder", "offer", "call_back")
_OF_NO_FIXED_TIME = {"requested", "offer", "call_back"}


def slots(count: int = 3) -> list[OfferedSlot]:
    """Free times on the days after."""
    return [
        OfferedSlot(
            starts_at=STARTS_AT + timedelta(days=number, minutes=30 * number),
            url=f"https://clinic.example/a/{number:056d}",
        )
        for number in range(1, count + 1)
    ]


def tell(letter: str = "confirmed", **changes: Any) -> TellAboutAppointment:
    """A letter to Ada about a check-up on Tuesday at ten in Berlin."""
    fields: dict[str, Any] = {
        "letter": letter,
        "key": f"{letter}:{APPOINTMENT_ID}:0",
        "organisation_id": UUID(int=10),
        "company": "Example Dental",
        "name": "Ada Lovelace",
        "email": "ada@example.org",
        "phone": "+4915112345678",
        "language": "en",
        "time_zone": "Europe/Berlin",
    }
    if letter != "call_back":
        fields |= {
            "appointment_id": APPOINTMENT_ID,
            "service": "Check-up",
            "starts_at": STARTS_AT,
            "ends_at": STARTS_AT + timedelta(minutes=30),
            "location": "Kantstraße 12, 10623 Berlin",
            "manage_url": MANAGE_URL if letter != "offer" else "",
            "slots": slots() if letter == "offer" else [],
        }
    if letter not in _OF_NO_FIXED_TIME:
        fields["calendar"] = CalendarEntry(uid=f"{APPOINTMENT_ID}@clinic.example", sequence=1)
    if letter == "moved":
        fields["previous_starts_at"] = STARTS_AT - timedelta(days=1)
    return TellAboutAppointment(**(fields | changes))


def email_of(message: TellAboutAppointment) -> Email:
    """The row of the mail log that such a letter leads to."""
    return Email(
        id=EMAIL_ID,
        recipient=message.email or "ada@example.org",
        recipient_name=message.name,
        template=AppointmentLetter.template,
        facts=AppointmentLetter.of(message).facts(),
        created_at=WRITTEN_AT,
        progress=Progress(),
    )
