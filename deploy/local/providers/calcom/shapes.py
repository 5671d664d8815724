"""How Cal.com writes what it holds: in the shape that the request's version names, or silently in an older one."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.providers.calcom.state import Account, Attendee, Booking, EventType, Host, Hours, Reservation
from deploy.local.providers.clock import iso


def booking(held: Booking) -> dict[str, Any]:
    """A booking as the current versions show it."""
    shown: dict[str, Any] = {
        "id": held.id,
        "uid": held.uid,
        "title": f"{held.event_type.title} between {held.hosts[0].name} and {held.attendees[0].name}",
        "description": held.event_type.description,
        "hosts": [_host(host) for host in held.hosts],
        "status": held.status,
        "start": iso(held.start),
        "end": iso(held.end),
        "duration": int((held.end - held.start).total_seconds() // 60),
        "eventTypeId": held.event_type.id,
        "eventType": {"id": held.event_type.id, "slug": held.event_type.slug},
        "location": held.event_type.location,
        "absentHost": held.absent_host,
        "createdAt": iso(held.created_at),
        "updatedAt": iso(held.updated_at),
        "attendees": [_attendee(each) for each in held.attendees],
        "bookingFieldsResponses": held.responses,
        "meetingUrl": held.event_type.location,
        "metadata": held.metadata,
        "icsUid": held.ical_uid,
        "guests": held.guests,
    }
    if held.status in {"cancelled", "rejected"} and held.reason:
        shown["cancellationReason"] = held.reason
    if held.former is not None:
        shown |= {"rescheduledFromUid": held.former.uid, "reschedulingReason": held.former.reason}
    if held.rescheduled_to is not None:
        shown["rescheduledToUid"] = held.rescheduled_to
    return shown


def old_booking(held: Booking) -> dict[str, Any]:
    """A booking as version 2024-04-15 shows it, which nobody asked for who has left the version out."""
    return {
        "id": held.id,
        "uid": held.uid,
        "title": held.event_type.title,
        "startTime": iso(held.start),
        "endTime": iso(held.end),
        "status": held.status.upper(),
        "attendees": [
            {"name": each.name, "email": email_of(each), "timeZone": each.time_zone} for each in held.attendees
        ],
        "eventType": {"id": held.event_type.id, "slug": held.event_type.slug},
    }


def _host(host: Host) -> dict[str, Any]:
    return {
        "id": host.id,
        "name": host.name,
        "email": host.email,
        "displayEmail": host.email,
        "username": host.username,
        "timeZone": host.time_zone,
    }


def _attendee(each: Attendee) -> dict[str, Any]:
    shown = {
        "name": each.name,
        "email": email_of(each),
        "displayEmail": email_of(each),
        "timeZone": each.time_zone,
        "absent": each.absent,
        "language": each.language,
    }
    if each.phone is not None:
        shown["phoneNumber"] = each.phone
    return shown | ({"seatUid": each.seat, "metadata": each.metadata} if each.seat else {})


def email_of(each: Attendee) -> str:
    """Whoever gave only a number has an address made of it, as in the original."""
    return each.email or f"{str(each.phone).lstrip('+')}@sms.cal.com"


def event_type(account: Account, kind: EventType) -> dict[str, Any]:
    """An event type as version 2024-06-14 shows it."""
    owner = account.hosts[kind.hosts[0]]
    policy = {"type": "always", "blockUnconfirmedBookingsInBooker": kind.blocks_unconfirmed}
    seats = {"seatsPerTimeSlot": kind.seats, "showAttendeeInfo": False, "showAvailabilityCount": True}
    repeated = {"interval": 1, "occurrences": kind.occurrences, "frequency": "weekly"}
    return {
        "id": kind.id,
        "lengthInMinutes": kind.length,
        "lengthInMinutesOptions": kind.lengths,
        "title": kind.title,
        "slug": kind.slug,
        "description": kind.description,
        "locations": [{"type": "address", "address": kind.location, "public": True}],
        "bookingFields": [{"type": "text", "slug": name, "label": name, "required": True} for name in kind.fields],
        "disableGuests": False,
        "recurrence": repeated if kind.occurrences > 1 else None,
        "metadata": {},
        "price": kind.price,
        "currency": kind.currency,
        "scheduleId": owner.id,
        "hidden": False,
        "ownerId": owner.id,
        "users": [{"id": host.id, "name": host.name, "username": host.username} for host in hosts_of(account, kind)],
        "schedulingType": kind.scheduling,
        "bookingUrl": f"https://cal.example/{owner.username}/{kind.slug}",
        "slotInterval": kind.interval,
        "minimumBookingNotice": kind.notice,
        "beforeEventBuffer": 0,
        "afterEventBuffer": 0,
        "seatsPerTimeSlot": kind.seats,
        "seats": seats if kind.seats else {"disabled": True},
        "bookingWindow": {"type": "calendarDays", "value": kind.window_days, "rolling": True}
        if kind.window_days
        else {"disabled": True},
        "confirmationPolicy": policy if kind.requires_confirmation else {"disabled": True},
    }


def hosts_of(account: Account, kind: EventType) -> list[Host]:
    """Everybody who may be booked by it."""
    return [account.hosts[number] for number in kind.hosts]


def old_event_types(account: Account) -> dict[str, Any]:
    """All event types as version 2024-04-15 shows them: in groups."""
    kinds = [
        {"id": kind.id, "slug": kind.slug, "title": kind.title, "length": kind.length}
        for kind in account.event_types.values()
    ]
    return {"eventTypeGroups": [{"teamId": None, "eventTypes": kinds}], "profiles": []}


def schedule(host: Host) -> dict[str, Any]:
    """A host's working hours as version 2024-06-11 shows them."""
    return {
        "id": host.id,
        "ownerId": host.id,
        "name": "Working hours",
        "timeZone": host.time_zone,
        "isDefault": True,
        "availability": [{"days": hours.days, "startTime": hours.start, "endTime": hours.end} for hours in host.hours],
        "overrides": [
            {"date": day, "startTime": hours.start, "endTime": hours.end}
            for day, all_hours in host.overrides.items()
            for hours in all_hours or [Hours([], "00:00", "00:00")]
        ],
    }


def free(times: list[tuple[datetime, datetime]], zone: ZoneInfo, *, as_range: bool) -> dict[str, Any]:
    """Free slots by date in the zone that was asked for."""
    by_date: dict[str, list[dict[str, str]]] = {}
    for start, end in times:
        local = start.astimezone(zone)
        shown = {"start": local.isoformat(timespec="milliseconds")}
        if as_range:
            shown["end"] = end.astimezone(zone).isoformat(timespec="milliseconds")
        by_date.setdefault(local.date().isoformat(), []).append(shown)
    return by_date


def reservation(held: Reservation) -> dict[str, Any]:
    """A slot that is kept free."""
    return {
        "eventTypeId": held.event_type.id,
        "slotStart": iso(held.start),
        "slotEnd": iso(held.end),
        "slotDuration": int((held.end - held.start).total_seconds() // 60),
        "reservationUid": held.uid,
        "reservationDuration": held.minutes,
        "reservationUntil": iso(held.until),
    }
