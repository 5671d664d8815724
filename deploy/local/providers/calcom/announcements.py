"""Cal.com's webhooks: bodies of version 2021-10-20 and their signature."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from deploy.local.providers.calcom.shapes import email_of
from deploy.local.providers.calcom.state import Booking, Host
from deploy.local.providers.clock import iso
from deploy.local.providers.exchange import written

CREATED: Final = "BOOKING_CREATED"
REQUESTED: Final = "BOOKING_REQUESTED"
RESCHEDULED: Final = "BOOKING_RESCHEDULED"
CANCELLED: Final = "BOOKING_CANCELLED"
REJECTED: Final = "BOOKING_REJECTED"
PAID: Final = "BOOKING_PAID"
ABSENT: Final = "BOOKING_NO_SHOW_UPDATED"


def headers(secret: str, body: bytes) -> dict[str, str]:
    """HMAC-SHA256 of the body in hex. Without a secret the original says so in the signature's place."""
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() if secret else "no-secret-provided"
    return {"X-Cal-Signature-256": signed, "x-cal-webhook-version": "2021-10-20"}


def body(event: str, held: Booking, now: datetime) -> bytes:
    """One webhook about a booking."""
    payload = _absence(held) if event == ABSENT else _payload(event, held)
    return written({"triggerEvent": event, "createdAt": iso(now), "payload": payload})


def _payload(event: str, held: Booking) -> dict[str, Any]:
    payload = {
        "bookerUrl": "https://app.cal.example",
        "title": f"{held.event_type.title} between {held.hosts[0].name} and {held.attendees[0].name}",
        "startTime": _moment(event, held.start),
        "endTime": _moment(event, held.end),
        "additionalNotes": str(held.responses.get("notes", "")),
        "type": held.event_type.slug,
        "description": held.event_type.description,
        "eventTypeId": held.event_type.id,
        "schedulingType": held.event_type.scheduling,
        "seatsPerTimeSlot": held.event_type.seats,
        "organizer": _organizer(held.hosts[0], held.start),
        "attendees": [_attendee(each, held.start, cancelled=event == CANCELLED) for each in held.attendees],
        "customInputs": {},
        "responses": _responses(held),
        "userFieldsResponses": {},
        "location": held.event_type.location,
        "destinationCalendar": [] if event == CANCELLED else None,
        "iCalUID": held.ical_uid,
        "iCalSequence": held.sequence,
        "requiresConfirmation": held.event_type.requires_confirmation,
        "organizationId": None,
        "uid": held.uid,
        "eventTitle": held.event_type.title,
        "eventDescription": None,
        "price": None if event == CANCELLED else held.event_type.price,
        "currency": held.event_type.currency,
        "length": int((held.end - held.start).total_seconds() // 60),
        "bookingId": held.id,
        "status": held.status.upper(),
    }
    return payload | _besides(event, held)


def _besides(event: str, held: Booking) -> dict[str, Any]:
    """What only some webhooks carry: the cancelled one has no metadata of ours, a moved one names what it was."""
    if event == CANCELLED:
        return {"cancellationReason": held.reason, "requestReschedule": False}
    more: dict[str, Any] = {"metadata": held.metadata}
    if event == REJECTED:
        more["rejectionReason"] = held.reason
    if event == PAID:
        more["paymentId"] = held.id
    if held.former is not None and event in {RESCHEDULED, REQUESTED}:
        more |= {
            "rescheduleUid": held.former.uid,
            "rescheduleId": held.former.id,
            "rescheduleStartTime": iso(held.former.start),
            "rescheduleEndTime": iso(held.former.end),
        }
    return more


def _absence(held: Booking) -> dict[str, Any]:
    """Who did not come has a shape of its own, with `bookingUid`."""
    absent = [each for each in held.attendees if each.absent]
    who = email_of(absent[0]) if absent else held.hosts[0].email
    return {
        "title": held.event_type.title,
        "message": f"{who} marked as no-show",
        "attendees": [{"email": email_of(each), "noShow": each.absent} for each in held.attendees],
        "bookingUid": held.uid,
        "bookingId": held.id,
    }


def _moment(event: str, moment: datetime) -> str:
    """The original writes the times of a cancelled booking with an offset, all others with a Z."""
    utc = moment.astimezone(UTC).isoformat(timespec="seconds")
    return utc if event == CANCELLED else utc.replace("+00:00", "Z")


def _organizer(host: Host, start: datetime) -> dict[str, Any]:
    return {
        "id": host.id,
        "name": host.name,
        "email": host.email,
        "username": host.username,
        "usernameInOrg": host.username,
        "timeZone": host.time_zone,
        "language": {"locale": "en"},
        "timeFormat": "h:mma",
        "utcOffset": _offset(host.time_zone, start),
    }


def _attendee(each: Any, start: datetime, *, cancelled: bool) -> dict[str, Any]:
    first, _, last = each.name.partition(" ")
    shown = {
        "email": email_of(each),
        "name": each.name,
        "timeZone": each.time_zone,
        "language": {"locale": each.language},
        "utcOffset": _offset(each.time_zone, start),
    }
    if cancelled or each.phone:
        shown["phoneNumber"] = each.phone
    return shown if cancelled else shown | {"firstName": first, "lastName": last}


def _offset(zone: str, moment: datetime) -> int:
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


def _responses(held: Booking) -> dict[str, Any]:
    first = held.attendees[0]
    shown = {
        "name": {"label": "your_name", "value": first.name, "isHidden": False},
        "email": {"label": "email_address", "value": email_of(first), "isHidden": False},
        "guests": {"label": "additional_guests", "value": held.guests, "isHidden": False},
    }
    if first.phone:
        shown["attendeePhoneNumber"] = {"label": "phone_number", "value": first.phone, "isHidden": False}
    own = {name: {"label": name, "value": value, "isHidden": False} for name, value in held.responses.items()}
    return shown | own
