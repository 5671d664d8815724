"""Webhooks of Cal.com as published, and as they should not be."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from services.appointments.adapters.calcom import CalcomEvents
from services.appointments.domain.bookings import Ignored, NoShow, Paid, Standing, Word
from services.appointments.errors import UnexpectedProviderShapeError
from shared.ids import new_id

AT = datetime(2026, 8, 3, 9, 30, 6, tzinfo=UTC)
OURS = new_id()
PAYLOAD: dict[str, Any] = {
    "uid": "unique-booking-id",
    "bookingId": 100,
    "type": "check-up",
    "eventTitle": "Check-up",
    "eventTypeId": 123,
    "startTime": "2026-08-04T08:00:00Z",
    "endTime": "2026-08-04T08:30:00Z",
    "organizer": {"id": 1, "name": "Dr. Lee", "timeZone": "UTC", "language": {"locale": "en"}},
    "attendees": [
        {"email": "Zoe@Example.org", "name": "Zoë", "timeZone": "Europe/Berlin", "language": {"locale": "de"}}
    ],
    "responses": {"attendeePhoneNumber": {"label": "phone", "value": "+4915112345678", "isHidden": True}},
    "iCalUID": "x@cal.example",
    "iCalSequence": 0,
    "metadata": {"videoCallUrl": "https://video.example/1", "appointment_id": str(OURS)},
    "status": "ACCEPTED",
}


def told(event: str, **changes: Any) -> object:
    return CalcomEvents().told(event, {**deepcopy(PAYLOAD), **changes}, AT)


def word(event: str, **changes: Any) -> Word:
    found = told(event, **changes)
    assert isinstance(found, Word)
    return found


def test_a_booking_is_read_whole() -> None:
    """Times in UTC, the attendee, the host, our own id, the meeting's address."""
    found = word("BOOKING_CREATED")
    assert found == Word(
        uid="unique-booking-id",
        standing=Standing.ACCEPTED,
        starts_at=datetime(2026, 8, 4, 8, tzinfo=UTC),
        ends_at=datetime(2026, 8, 4, 8, 30, tzinfo=UTC),
        told_at=AT,
        number=100,
        sequence=0,
        ical_uid="x@cal.example",
        appointment_id=OURS,
        event_type=123,
        title="Check-up",
        host=1,
        host_name="Dr. Lee",
        name="Zoë",
        email="zoe@example.org",
        phone="+4915112345678",
        time_zone="Europe/Berlin",
        language="de",
        meeting_url="https://video.example/1",
    )


@pytest.mark.parametrize(
    ("event", "changes", "standing"),
    [
        ("BOOKING_CREATED", {}, Standing.ACCEPTED),
        ("BOOKING_REQUESTED", {"status": "PENDING"}, Standing.PENDING),
        ("BOOKING_REQUESTED", {"status": None}, Standing.PENDING),
        ("BOOKING_RESCHEDULED", {"status": "PENDING"}, Standing.PENDING),
        ("BOOKING_RESCHEDULED", {"status": "AWAITING_HOST"}, Standing.ACCEPTED),
        ("BOOKING_CANCELLED", {"status": "ACCEPTED"}, Standing.CANCELLED),
        ("BOOKING_REJECTED", {}, Standing.REJECTED),
    ],
)
def test_the_event_and_the_status_say_how_it_stands(event: str, changes: dict[str, Any], standing: Standing) -> None:
    """What was cancelled is, whatever its status says."""
    assert word(event, **changes).standing is standing


def test_odd_shapes_of_cancellations_are_read() -> None:
    """Offsets instead of Z, null prices, lists and objects that vary, no metadata."""
    found = word(
        "BOOKING_CANCELLED",
        startTime="2026-08-04T10:00:00+02:00",
        price=None,
        destinationCalendar=[],
        metadata=None,
        responses=None,
        attendees=[{"email": "a@b.example", "name": "A", "timeZone": "UTC", "phoneNumber": None, "language": "de"}],
        cancellationReason="Closed",
    )
    assert (found.starts_at, found.appointment_id, found.reason) == (
        datetime(2026, 8, 4, 8, tzinfo=UTC),
        None,
        "Closed",
    )
    assert found.language == "de"


@pytest.mark.parametrize("written", ["", "no-uuid", 7, None, ["x"]])
def test_an_id_in_the_metadata_that_is_none_of_ours_is_none(written: object) -> None:
    """Anybody can write metadata."""
    assert word("BOOKING_CREATED", metadata={"appointment_id": written}).appointment_id is None


def test_made_up_addresses_of_phone_bookings_are_none() -> None:
    """Nobody reads mail there."""
    found = word("BOOKING_CREATED", attendees=[{"email": "4915112345678@sms.cal.com", "name": "A"}])
    assert (found.email, found.time_zone) == (None, "UTC")


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": None},
        {"uid": "  "},
        {"startTime": "tomorrow"},
        {"endTime": 7},
        {"startTime": "9999-99-99T00:00:00Z"},
    ],
)
def test_what_cannot_be_read_names_its_field(changes: dict[str, Any]) -> None:
    """For whoever has to look."""
    with pytest.raises(UnexpectedProviderShapeError) as refused:
        told("BOOKING_CREATED", **changes)
    assert next(iter(changes)) in str(refused.value)


def test_absence_and_payment_have_shapes_of_their_own() -> None:
    """`bookingUid`, and a flag for each attendee."""
    events, entry = CalcomEvents(), {"email": "a@b.example", "noShow": True}
    absent = events.told("BOOKING_NO_SHOW_UPDATED", {"bookingUid": "u", "attendees": [entry]}, AT)
    came = events.told("BOOKING_NO_SHOW_UPDATED", {"bookingUid": "u", "attendees": [{**entry, "noShow": False}]}, AT)
    paid = events.told("BOOKING_PAID", {"uid": "u", "paymentId": 3}, AT)

    assert (absent, came, paid) == (NoShow("u", True, AT), NoShow("u", False, AT), Paid("u", AT))


@pytest.mark.parametrize("event", ["MEETING_ENDED", "PING", "BOOKING_PAYMENT_INITIATED", "SOMETHING_NEW", ""])
def test_others_are_ignored_with_a_reason(event: str) -> None:
    """Whatever they carry."""
    found = CalcomEvents().told(event, {"uid": 7}, AT)
    assert isinstance(found, Ignored)
    assert found.reason


def test_nul_characters_do_not_reach_the_database() -> None:
    """PostgreSQL cannot store them."""
    assert word("BOOKING_CREATED", attendees=[{"name": "A\x00B"}]).name == "AB"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
def test_a_stored_body_that_is_no_event_is_refused(body: bytes) -> None:
    """It says so."""
    with pytest.raises(UnexpectedProviderShapeError) as refused:
        CalcomEvents().payload_in(body)
    assert "Cal.com" in str(refused.value) or "stored event" in str(refused.value)
