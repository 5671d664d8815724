"""What Cal.com demands of a request's fields."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from deploy.local.providers.calcom.errors import CalcomRefusedError, wrong
from deploy.local.providers.calcom.state import Attendee

E_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
E_164 = re.compile(r"\+[1-9]\d{6,14}")
CREATE = {
    *("start", "attendee", "eventTypeId", "eventTypeSlug", "username", "teamSlug", "organizationSlug"),
    *("lengthInMinutes", "guests", "location", "meetingUrl", "bookingFieldsResponses", "metadata"),
    *("reservedSlotUid", "recurrenceCount", "instant", "routing", "emailVerificationCode", "allowConflicts"),
}
ATTENDEE = {"name", "email", "timeZone", "phoneNumber", "language"}
CANCEL = {"cancellationReason", "cancelSubsequentBookings", "seatUid"}
RESCHEDULE = {"start", "rescheduledBy", "reschedulingReason", "seatUid", "emailVerificationCode"}
RESERVE = {"eventTypeId", "slotStart", "slotDuration", "reservationDuration"}
LANGUAGES = {
    *("ar", "ca", "de", "es", "eu", "he", "id", "ja", "lv", "pl", "ro", "sr", "th", "vi", "az", "cs", "el", "es-419"),
    *("fi", "hr", "it", "km", "nl", "pt", "ru", "sv", "tr", "zh-CN", "bg", "da", "en", "et", "fr", "hu", "iw", "ko"),
    *("no", "pt-BR", "sk", "ta", "uk", "zh-TW", "bn"),
}


def only(body: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse fields that the original does not know: it does not pass over them."""
    for name in body:
        if name not in allowed:
            raise wrong(name, f"property {name} should not exist")


def moment(value: Any, name: str) -> datetime:
    """A time, in UTC. Without an offset it is UTC, as the original reads it."""
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise wrong(name, f"{name} must be a valid ISO 8601 date string") from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def number(body: Mapping[str, Any], name: str) -> int | None:
    """A whole number, if there is one."""
    value = body.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise wrong(name, f"{name} must be an integer number")


def text(body: Mapping[str, Any], name: str) -> str | None:
    """A text, if there is one."""
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong(name, f"{name} must be a string")


def attendee(value: Any) -> Attendee:
    """Who comes: a name, a time zone, and an address or a number at least."""
    if not isinstance(value, dict):
        raise wrong("attendee", "attendee should not be null or undefined")
    only(value, ATTENDEE)
    name, zone, email, phone = (text(value, key) for key in ("name", "timeZone", "email", "phoneNumber"))
    if not name or not name.strip():
        raise wrong("attendee", "name must be a string")
    if zone not in available_timezones():
        raise wrong("attendee", "timeZone must be a valid IANA time-zone")
    if email is None and phone is None:
        raise CalcomRefusedError(400, "At least one contact method (email or phone number) must be provided")
    if email is not None and not E_MAIL.fullmatch(email):
        raise wrong("attendee", "email must be an email")
    if phone is not None and not E_164.fullmatch(phone):
        raise CalcomRefusedError(400, "Invalid phone number format. Please use international format.")
    language = value.get("language", "en")
    if language not in LANGUAGES:
        raise wrong("attendee", f"language must be one of the following values: {', '.join(sorted(LANGUAGES))}")
    return Attendee(name, str(zone), email, phone, language)


def metadata(value: Any) -> dict[str, str]:
    """At most 50 keys of at most 40 characters, with texts of at most 500."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise wrong("metadata", "metadata must be an object")
    if len(value) > 50:
        raise CalcomRefusedError(400, "Metadata must have at most 50 keys")
    for key, entry in value.items():
        if len(key) > 40:
            raise CalcomRefusedError(400, f"Metadata keys must be at most 40 characters long: {key}")
        if not isinstance(entry, str) or len(entry) > 500:
            raise CalcomRefusedError(400, f"Metadata values must be strings of at most 500 characters: {key}")
    return dict(value)


def guests(value: Any) -> list[str]:
    """Addresses of those who come along."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) and E_MAIL.fullmatch(each) for each in value):
        raise wrong("guests", "each value in guests must be an email")
    return list(value)
