"""What can be done with bookings. Whoever calls holds the account's lock; each returns what it made or changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deploy.local.providers.calcom import checks
from deploy.local.providers.calcom.errors import (
    ALREADY_BOOKED,
    ALREADY_RESERVED,
    HOSTS_TAKEN,
    IN_THE_PAST,
    OUT_OF_BOUNDS,
    TAKEN,
    CalcomRefusedError,
    wrong,
)
from deploy.local.providers.calcom.slots import free_hosts, in_bounds, length_of, seats_left
from deploy.local.providers.calcom.state import (
    Account,
    Attendee,
    Booking,
    EventType,
    Host,
    Reservation,
    minutes,
    new_uid,
)


def event_type_of(account: Account, body: Mapping[str, Any]) -> EventType:
    """The type that is asked for, by id or by slug and user."""
    number, slug, username = (
        checks.number(body, "eventTypeId"),
        checks.text(body, "eventTypeSlug"),
        checks.text(body, "username"),
    )
    if number is not None:
        if number not in account.event_types:
            raise CalcomRefusedError(404, f"Event type with id {number} not found.")
        return account.event_types[number]
    if slug is None or username is None:
        what = "Either eventTypeId or eventTypeSlug + username or eventTypeSlug + teamSlug must be provided"
        raise CalcomRefusedError(400, what)
    for kind in account.event_types.values():
        if kind.slug == slug and account.hosts[kind.hosts[0]].username == username:
            return kind
    raise CalcomRefusedError(404, f"Event type with slug {slug} belonging to user {username} not found.")


def create(account: Account, body: Mapping[str, Any], now: datetime) -> list[Booking]:
    """Book: one booking, or all of a recurring type. Raises CalcomRefusedError in the original's words."""
    checks.only(body, checks.CREATE)
    start = checks.moment(body.get("start"), "start")
    attendee = checks.attendee(body.get("attendee"))
    metadata, guests = checks.metadata(body.get("metadata")), checks.guests(body.get("guests"))
    kind = event_type_of(account, body)
    length = length_of(kind, _length(kind, checks.number(body, "lengthInMinutes")))
    responses = _responses(kind, body.get("bookingFieldsResponses"))
    reserved_uid = checks.text(body, "reservedSlotUid")
    starts = [start + timedelta(weeks=number) for number in range(kind.occurrences)]
    for each in starts:
        _refuse_bad_time(kind, each, now)
        _refuse_reserved(account, kind, each, each + length, now, reserved_uid)
    if kind.seats is not None:
        return [_seat(account, kind, start, length, attendee, metadata, now)]
    found = [_hosts(account, kind, each, each + length) for each in starts]
    made = [
        _booked(account, kind, hosts, each, each + length, attendee, metadata, responses, guests, now)
        for each, hosts in zip(starts, found, strict=True)
    ]
    if reserved_uid is not None:
        account.reservations.pop(reserved_uid, None)
    return made


def _length(kind: EventType, wanted: int | None) -> int | None:
    if wanted is None:
        return None
    if not kind.lengths:
        raise CalcomRefusedError(
            400,
            "Can't specify 'lengthInMinutes' because event type does not have multiple possible lengths. Please, "
            "remove the 'lengthInMinutes' field from the request.",
        )
    if wanted not in kind.lengths:
        raise CalcomRefusedError(
            400,
            "Provided 'lengthInMinutes' is not one of the possible lengths for the event type. The possible lengths "
            f"are: {', '.join(map(str, kind.lengths))}",
        )
    return wanted


def _responses(kind: EventType, given: Any) -> dict[str, Any]:
    if given is not None and not isinstance(given, dict):
        raise wrong("bookingFieldsResponses", "bookingFieldsResponses must be an object")
    responses = dict(given or {})
    for name in kind.fields:
        if responses.get(name) is None:
            raise CalcomRefusedError(
                400,
                f"Missing required booking field response: {name} - it is required by the event type booking fields, "
                f"but missing in the bookingFieldsResponses. You can fetch the event type with ID {kind.id} to see the "
                "required fields.",
            )
    return responses


def _refuse_bad_time(kind: EventType, start: datetime, now: datetime) -> None:
    if start <= now:
        raise CalcomRefusedError(400, IN_THE_PAST)
    if not in_bounds(kind, start, now):
        raise CalcomRefusedError(400, OUT_OF_BOUNDS)


def _refuse_reserved(
    account: Account, kind: EventType, start: datetime, end: datetime, now: datetime, uid: str | None
) -> None:
    """Only whoever names a reservation is held to the order of reservations, as in the original."""
    held = account.reserved(kind, start, end, now) if uid is not None else []
    if held and held[0].uid != uid:
        seconds = int((held[0].until - now).total_seconds())
        raise CalcomRefusedError(
            400,
            "Someone else reserved this booking time slot before you. This time slot will be freed up in "
            f"{seconds} seconds.",
        )


def _hosts(account: Account, kind: EventType, start: datetime, end: datetime, but: str | None = None) -> list[Host]:
    free = free_hosts(account, kind, start, end, but=but)
    if not free:
        raise CalcomRefusedError(400, HOSTS_TAKEN if kind.scheduling else TAKEN)
    return free


def _booked(
    account: Account,
    kind: EventType,
    hosts: list[Host],
    start: datetime,
    end: datetime,
    attendee: Attendee,
    metadata: dict[str, str],
    responses: dict[str, Any],
    guests: list[str],
    now: datetime,
) -> Booking:
    uid = new_uid()
    booking = Booking(
        account.next_id(),
        uid,
        kind,
        hosts,
        start,
        end,
        "pending" if kind.requires_confirmation else "accepted",
        [attendee],
        metadata,
        responses,
        guests,
        f"{uid}@cal.example",
        now,
        now,
    )
    account.bookings[uid] = booking
    return booking


def _seat(
    account: Account,
    kind: EventType,
    start: datetime,
    length: timedelta,
    attendee: Attendee,
    metadata: dict[str, str],
    now: datetime,
) -> Booking:
    """A seat of a booking that stands already, or the first one of a new booking."""
    if seats_left(account, kind, start) < 1:
        raise CalcomRefusedError(400, "Booking seats are full")
    taken = replace(attendee, seat=new_uid(), metadata=metadata)
    for booking in account.bookings.values():
        if booking.event_type is kind and booking.start == start and booking.stands:
            booking.attendees.append(taken)
            booking.updated_at = now
            return booking
    hosts = _hosts(account, kind, start, start + length)
    return _booked(account, kind, hosts, start, start + length, taken, {}, {}, [], now)


def reserve(account: Account, body: Mapping[str, Any], now: datetime) -> Reservation:
    """Keep a slot free for some minutes."""
    checks.only(body, checks.RESERVE)
    kind = event_type_of(account, {"eventTypeId": body.get("eventTypeId")})
    start = checks.moment(body.get("slotStart"), "slotStart")
    end = start + length_of(kind, _length(kind, checks.number(body, "slotDuration")))
    if kind.seats is None and any(account.busy(account.hosts[host], start, end) for host in kind.hosts[:1]):
        raise CalcomRefusedError(422, ALREADY_BOOKED)
    if account.reserved(kind, start, end, now):
        raise CalcomRefusedError(422, ALREADY_RESERVED)
    kept = checks.number(body, "reservationDuration") or 5
    held = Reservation(new_uid(), kind, start, end, kept, now + minutes(kept))
    account.reservations[held.uid] = held
    return held


def find(account: Account, uid: str) -> Booking:
    """The booking of this uid, also a former one."""
    if uid not in account.bookings:
        raise CalcomRefusedError(404, f"Booking with uid={uid} not found")
    return account.bookings[uid]


def cancel(account: Account, uid: str, body: Mapping[str, Any], now: datetime) -> Booking:
    """Give the time free. Cancelling twice is refused, as is what is over."""
    checks.only(body, checks.CANCEL)
    booking = find(account, uid)
    if not booking.stands:
        raise CalcomRefusedError(
            400,
            f"Can't cancel booking with uid={uid} because it has been cancelled already. Please provide uid of a "
            "booking that is not cancelled.",
        )
    if booking.end <= now:
        raise CalcomRefusedError(400, "Cannot cancel a booking that has already ended")
    booking.status, booking.updated_at = "cancelled", now
    booking.reason = checks.text(body, "cancellationReason") or ""
    booking.sequence += 1
    return booking


def reschedule(account: Account, uid: str, body: Mapping[str, Any], now: datetime) -> Booking:
    """Move: the former booking is cancelled, a new one with another uid stands for it."""
    checks.only(body, checks.RESCHEDULE)
    start = checks.moment(body.get("start"), "start")
    former = find(account, uid)
    _refuse_fallen(former)
    kind, end = former.event_type, start + (former.end - former.start)
    _refuse_bad_time(kind, start, now)
    hosts = _hosts(account, kind, start, end, but=uid)
    first = former.attendees[0]
    moved = _booked(account, kind, hosts, start, end, first, former.metadata, former.responses, former.guests, now)
    moved.attendees = list(former.attendees)
    moved.former, moved.ical_uid, moved.sequence = former, former.ical_uid, former.sequence + 1
    former.status, former.rescheduled_to, former.updated_at = "cancelled", moved.uid, now
    former.reason = checks.text(body, "reschedulingReason") or ""
    return moved


def _refuse_fallen(former: Booking) -> None:
    uid, to = former.uid, former.rescheduled_to
    if to is not None:
        raise CalcomRefusedError(
            400,
            f"Can't reschedule booking with uid={uid} because it has been cancelled and rescheduled already to booking "
            f"with uid={to}. You probably want to reschedule {to} instead by passing it within the request URL.",
        )
    if not former.stands:
        raise CalcomRefusedError(
            400,
            f"Can't reschedule booking with uid={uid} because it has been cancelled. Please provide uid of a booking "
            "that is not cancelled.",
        )


def decide(account: Account, uid: str, now: datetime, *, accepted: bool, reason: str = "") -> Booking:
    """Confirm or decline what was requested."""
    booking = find(account, uid)
    if booking.status != "pending":
        raise CalcomRefusedError(400, f"Booking with uid={uid} is not pending: it is {booking.status}")
    if accepted and any(account.busy(host, booking.start, booking.end, but=uid) for host in booking.hosts):
        raise CalcomRefusedError(400, TAKEN)
    booking.status, booking.updated_at, booking.reason = "accepted" if accepted else "rejected", now, reason
    return booking
