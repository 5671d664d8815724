"""What API v2 answers, in our words. Shapes: https://cal.com/docs/api-reference/v2"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appointments.adapters.calcom.reading import (
    entries,
    mapping,
    maybe_id,
    maybe_mapping,
    maybe_text,
    maybe_whole,
    moment,
    text,
    whole,
)
from services.appointments.domain.bookings import Offering, Page, Standing, Word
from services.appointments.errors import UnexpectedProviderShapeError

OUR_ID = "appointment_id"
"""The key in a booking's metadata under which our own id stands."""
CALL_ID = "retell_call_id"
MADE_UP = "@sms.cal.com"
"""Cal.com makes an address of a phone number where there is none. Nobody reads mail there."""


def booking(data: object) -> Word:
    """One booking. Of a recurring event type it is a list: the first one is meant."""
    found = mapping(data[0] if isinstance(data, list) and data else data, "booking")
    who = next(iter(entries(found.get("attendees"))), {})
    host = next(iter(entries(found.get("hosts"))), {})
    return Word(
        uid=text(found.get("uid"), "booking.uid"),
        standing=standing(found.get("status"), "booking.status"),
        starts_at=moment(found.get("start"), "booking.start"),
        ends_at=moment(found.get("end"), "booking.end"),
        told_at=moment(found.get("updatedAt") or found.get("createdAt"), "booking.updatedAt"),
        number=maybe_whole(found.get("id")),
        former_uid=maybe_text(found.get("rescheduledFromUid")),
        following_uid=maybe_text(found.get("rescheduledToUid")),
        ical_uid=maybe_text(found.get("icsUid")),
        appointment_id=_our_id(found),
        event_type=maybe_whole(found.get("eventTypeId")),
        title=maybe_text(maybe_mapping(found.get("eventType")).get("slug")) or "",
        host=maybe_whole(host.get("id")),
        host_name=maybe_text(host.get("name")) or "",
        **attendee(who),
        meeting_url=maybe_text(found.get("meetingUrl")),
        location=maybe_text(found.get("location")),
        reason=maybe_text(found.get("cancellationReason")),
        is_absent=any(entry.get("absent") is True for entry in entries(found.get("attendees"))),
    )


def attendee(who: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Word that say who comes."""
    language = who.get("language")
    email = maybe_text(who.get("email"))
    return {
        "name": maybe_text(who.get("name")) or "",
        "email": None if email is None or email.endswith(MADE_UP) else email.lower(),
        "phone": maybe_text(who.get("phoneNumber")),
        "time_zone": maybe_text(who.get("timeZone")) or "UTC",
        "language": maybe_text(language.get("locale") if isinstance(language, dict) else language) or "en",
    }


def standing(value: object, name: str) -> Standing:
    """`accepted` in answers, `ACCEPTED` in webhooks."""
    try:
        return Standing(text(value, name).lower())
    except ValueError:
        raise UnexpectedProviderShapeError(f"Cal.com's {name} is {str(value)[:40]!r}, which is not known") from None


def page(body: Mapping[str, Any]) -> Page:
    """A page of the list. An entry that cannot be read is left out: it must not hide the others."""
    words = []
    for entry in entries(body.get("data")):
        try:
            words.append(booking(entry))
        except UnexpectedProviderShapeError:
            continue
    pagination = maybe_mapping(body.get("pagination"))
    more = pagination.get("hasMore") is not False
    return Page(words, maybe_text(pagination.get("nextCursor")) if more else None)


def offerings(data: object) -> Sequence[Offering]:
    """The event types. One that cannot be read is an error: left out, it would seem to have vanished."""
    if not isinstance(data, list):
        raise UnexpectedProviderShapeError("Cal.com's list of event types is no list: is its version right?")
    return [_offering(mapping(entry, "event type")) for entry in data]


def _offering(found: Mapping[str, Any]) -> Offering:
    users = entries(found.get("users")) or entries(found.get("hosts"))
    only = users[0] if len(users) == 1 else {}
    lengths = found.get("lengthInMinutesOptions")
    policy = maybe_mapping(found.get("confirmationPolicy"))
    seats = maybe_mapping(found.get("seats"))
    return Offering(
        external_id=whole(found.get("id"), "event type.id"),
        slug=text(found.get("slug"), "event type.slug"),
        title=text(found.get("title"), "event type.title"),
        length_minutes=whole(found.get("lengthInMinutes"), "event type.lengthInMinutes"),
        lengths=tuple(one for one in lengths if maybe_whole(one)) if isinstance(lengths, list) else (),
        needs_confirmation=bool(policy) and policy.get("disabled") is not True,
        has_seats=maybe_whole(seats.get("seatsPerTimeSlot") or found.get("seatsPerTimeSlot")) is not None,
        host=maybe_whole(only.get("id", only.get("userId"))),
        host_name=maybe_text(only.get("name")) or "",
    )


def slots(data: object) -> Sequence[datetime]:
    """The starts of all free slots, in UTC, earliest first."""
    days = mapping(data, "slots")
    return sorted({moment(slot.get("start"), "slot.start") for day in days.values() for slot in entries(day)})


def _our_id(found: Mapping[str, Any]) -> UUID | None:
    """In the metadata of the booking; of one with seats in that of its attendee."""
    own = maybe_id(maybe_mapping(found.get("metadata")).get(OUR_ID))
    seats = (maybe_id(maybe_mapping(one.get("metadata")).get(OUR_ID)) for one in entries(found.get("attendees")))
    return own or next((one for one in seats if one), None)
