"""What Cal.com's webhooks say, in our words. Shapes: https://cal.com/docs/developing/guides/automation/webhooks"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from services.appointments.adapters.calcom.answers import OUR_ID, attendee, standing
from services.appointments.adapters.calcom.reading import (
    entries,
    mapping,
    maybe_id,
    maybe_mapping,
    maybe_text,
    maybe_whole,
    moment,
    text,
)
from services.appointments.domain.bookings import Ignored, NoShow, Paid, Standing, Told, Word
from services.appointments.errors import UnexpectedProviderShapeError

_WITHOUT_MEANING: Final = {
    "PING": "a test of the address",
    "BOOKING_PAYMENT_INITIATED": "a payment has begun, and is told of when it is done",
    "MEETING_STARTED": "a meeting has begun",
    "MEETING_ENDED": "a meeting has ended",
}


class CalcomEvents:
    """Reads Cal.com's events."""

    def told(self, event_type: str, data: Mapping[str, Any], created_at: datetime) -> Told:
        """What an event says. Raises UnexpectedProviderShapeError for one of a known type that cannot be read."""
        if event_type in _WITHOUT_MEANING:
            return Ignored(_WITHOUT_MEANING[event_type])
        read = _READERS.get(event_type)
        return Ignored("no such type is known here") if read is None else read(data, created_at)

    def payload_in(self, body: bytes) -> Mapping[str, Any]:
        """The `payload` of an event's raw body. Raises UnexpectedProviderShapeError."""
        try:
            event = mapping(orjson.loads(body), "event")
        except orjson.JSONDecodeError as error:
            raise UnexpectedProviderShapeError(f"the stored event is not JSON: {error}") from None
        payload = event.get("payload")
        return payload if isinstance(payload, dict) else event


def _accepted(data: Mapping[str, Any], created_at: datetime) -> Told:
    return _word(data, created_at, Standing.ACCEPTED)


def _requested(data: Mapping[str, Any], created_at: datetime) -> Told:
    return _word(data, created_at, Standing.PENDING)


def _cancelled(data: Mapping[str, Any], created_at: datetime) -> Told:
    return _word(data, created_at, Standing.CANCELLED)


def _rejected(data: Mapping[str, Any], created_at: datetime) -> Told:
    return _word(data, created_at, Standing.REJECTED)


def _no_show(data: Mapping[str, Any], created_at: datetime) -> Told:
    absent = any(entry.get("noShow") is True for entry in entries(data.get("attendees")))
    return NoShow(text(data.get("bookingUid") or data.get("uid"), "bookingUid"), absent, created_at)


def _paid(data: Mapping[str, Any], created_at: datetime) -> Told:
    """The status beside it is that of the booking when the payment came: the event that follows tells of the new one."""
    return Paid(text(data.get("uid") or data.get("bookingUid"), "uid"), created_at)


def _word(data: Mapping[str, Any], created_at: datetime, meant: Standing) -> Word:
    who = next(iter(entries(data.get("attendees"))), {})
    host = maybe_mapping(data.get("organizer"))
    answered = maybe_mapping(maybe_mapping(data.get("responses")).get("attendeePhoneNumber")).get("value")
    person = attendee(who)
    return Word(
        uid=text(data.get("uid"), "uid"),
        standing=_standing(data.get("status"), meant),
        starts_at=moment(data.get("startTime"), "startTime"),
        ends_at=moment(data.get("endTime"), "endTime"),
        told_at=created_at,
        number=maybe_whole(data.get("bookingId")),
        sequence=maybe_whole(data.get("iCalSequence")),
        former_uid=maybe_text(data.get("rescheduleUid")),
        ical_uid=maybe_text(data.get("iCalUID")),
        appointment_id=maybe_id(maybe_mapping(data.get("metadata")).get(OUR_ID)),
        event_type=maybe_whole(data.get("eventTypeId")),
        title=maybe_text(data.get("eventTitle")) or maybe_text(data.get("type")) or "",
        host=maybe_whole(host.get("id")),
        host_name=maybe_text(host.get("name")) or "",
        **{**person, "phone": person["phone"] or maybe_text(answered)},
        meeting_url=_meeting_url(data),
        location=maybe_text(data.get("location")),
        reason=maybe_text(data.get("cancellationReason")) or maybe_text(data.get("rejectionReason")),
    )


def _standing(status: object, meant: Standing) -> Standing:
    """The event's own meaning; but a booking that is made or moved may still have to be confirmed."""
    if meant in {Standing.CANCELLED, Standing.REJECTED} or not isinstance(status, str):
        return meant
    told = standing(status, "status") if status.lower() in set(Standing) else meant
    return told if told in {Standing.ACCEPTED, Standing.PENDING} else meant


def _meeting_url(data: Mapping[str, Any]) -> str | None:
    of_metadata = maybe_text(maybe_mapping(data.get("metadata")).get("videoCallUrl"))
    return of_metadata or maybe_text(maybe_mapping(data.get("videoCallData")).get("url"))


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], datetime], Told]]] = {
    "BOOKING_CREATED": _accepted,
    "BOOKING_RESCHEDULED": _accepted,
    "BOOKING_REQUESTED": _requested,
    "BOOKING_CANCELLED": _cancelled,
    "BOOKING_REJECTED": _rejected,
    "BOOKING_NO_SHOW_UPDATED": _no_show,
    "BOOKING_PAID": _paid,
}
