"""GET /v2/bookings: one status for each request, filters, and pages by cursor (or by place, in an older shape)."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from deploy.local.providers.calcom import checks
from deploy.local.providers.calcom.errors import wrong
from deploy.local.providers.calcom.shapes import booking, email_of, old_booking
from deploy.local.providers.calcom.state import Account, Booking
from deploy.local.providers.exchange import Answer
from deploy.local.providers.provider import Lists, page

STATUSES = ("upcoming", "recurring", "past", "cancelled", "unconfirmed")
FORWARD = {"upcoming", "recurring", "unconfirmed"}
KNOWN = {
    *("status", "cursor", "limit", "attendeeEmail", "attendeeName", "bookingUid", "eventTypeId", "eventTypeIds"),
    *("afterStart", "beforeEnd", "afterCreatedAt", "beforeCreatedAt", "afterUpdatedAt", "beforeUpdatedAt"),
    *("sortStart", "sortEnd", "sortCreated", "sortUpdatedAt", "teamId", "teamsIds"),
}
DEFAULT_LIMIT, LARGEST_LIMIT = 50, 100


def search(account: Account, query: Mapping[str, str], lists: Lists, now: datetime) -> Answer:
    """One page of version 2026-05-01."""
    checks.only(query, KNOWN)
    status = query.get("status")
    if status is not None and status not in STATUSES:
        raise wrong("status", f"status must be one of the following values: {', '.join(STATUSES)}")
    found = _found(account, query, lists, now)
    found.sort(key=_place, reverse=status not in FORWARD)
    if cursor := query.get("cursor"):
        found = _after(found, cursor, forward=status in FORWARD)
    size = _limit(query)
    shown, has_more = page(found, size, lists)
    last = found[: min(size, lists.page_size or size)][-1:] if has_more else []
    pagination = {"nextCursor": _cursor(last[0]) if last else None, "hasMore": has_more}
    return Answer(200, {"status": "success", "data": [booking(each) for each in shown], "pagination": pagination})


def older_search(account: Account, query: Mapping[str, str], version: str | None) -> Answer:
    """What those get who name another version: `take` and `skip`, or the oldest shape. Their filters do not count."""
    found = sorted(account.bookings.values(), key=_place)
    if version not in {"2024-08-13", "2026-02-25"}:
        data = {"bookings": [old_booking(each) for each in found], "totalCount": len(found), "nextCursor": None}
        return Answer(200, {"status": "success", "data": data})
    skip, take = int(query.get("skip", 0)), int(query.get("take", 100))
    shown = found[skip : skip + take]
    pagination = {
        "returnedItems": len(shown),
        "totalItems": len(found),
        "itemsPerPage": take,
        "remainingItems": max(0, len(found) - skip - take),
        "hasNextPage": skip + take < len(found),
    }
    return Answer(200, {"status": "success", "data": [booking(each) for each in shown], "pagination": pagination})


def _found(account: Account, query: Mapping[str, str], lists: Lists, now: datetime) -> list[Booking]:
    seen = now - timedelta(seconds=lists.lag)
    return [
        held
        for held in account.bookings.values()
        if held.created_at <= seen and _has_status(held, query.get("status"), now) and _matches(held, query)
    ]


def _has_status(held: Booking, status: str | None, now: datetime) -> bool:
    if status is None:
        return True
    recent = held.end >= now
    return {
        "upcoming": held.status == "accepted" and recent,
        "recurring": held.status == "accepted" and recent and held.event_type.occurrences > 1,
        "past": held.status in {"accepted", "pending"} and not recent,
        "cancelled": held.status in {"cancelled", "rejected"},
        "unconfirmed": held.status == "pending" and recent,
    }[status]


def _matches(held: Booking, query: Mapping[str, str]) -> bool:
    emails = {email_of(each).lower() for each in held.attendees}
    names = {each.name for each in held.attendees}
    kinds = query.get("eventTypeIds", query.get("eventTypeId"))
    return (
        ("attendeeEmail" not in query or query["attendeeEmail"].lower() in emails)
        and ("attendeeName" not in query or query["attendeeName"] in names)
        and ("bookingUid" not in query or query["bookingUid"] == held.uid)
        and (kinds is None or str(held.event_type.id) in kinds.split(","))
        and _within(query, "afterStart", held.start, None)
        and _within(query, None, held.end, "beforeEnd")
        and _within(query, "afterCreatedAt", held.created_at, "beforeCreatedAt")
        and _within(query, "afterUpdatedAt", held.updated_at, "beforeUpdatedAt")
    )


def _within(query: Mapping[str, str], after: str | None, moment: datetime, before: str | None) -> bool:
    late = after is None or after not in query or moment >= checks.moment(query[after], after)
    return late and (before is None or before not in query or moment <= checks.moment(query[before], before))


def _limit(query: Mapping[str, str]) -> int:
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isdigit() or not 1 <= int(limit) <= LARGEST_LIMIT:
        raise wrong("limit", f"limit must not be greater than {LARGEST_LIMIT}")
    return int(limit)


def _place(held: Booking) -> tuple[datetime, int]:
    return held.start, held.id


def _cursor(held: Booking) -> str:
    return base64.urlsafe_b64encode(f"{held.start.isoformat()}|{held.id}".encode()).decode()


def _after(found: list[Booking], cursor: str, *, forward: bool) -> list[Booking]:
    try:
        moment, _, number = base64.urlsafe_b64decode(cursor).decode().partition("|")
        last: tuple[Any, int] = datetime.fromisoformat(moment), int(number)
    except ValueError:
        raise wrong("cursor", "cursor is invalid") from None
    return [held for held in found if (_place(held) > last if forward else _place(held) < last)]
