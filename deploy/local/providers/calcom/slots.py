"""Which times of an event type are free."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from deploy.local.providers.calcom.state import WEEKDAYS, Account, EventType, Host, Hours, minutes


def length_of(kind: EventType, wanted: int | None) -> timedelta:
    """How long a booking is: what was wanted, or the type's own."""
    return minutes(wanted or kind.length)


def works(host: Host, start: datetime, end: datetime) -> bool:
    """Whether a host's working hours hold all of it."""
    day = start.astimezone(ZoneInfo(host.time_zone)).date()
    return any(opens <= start and end <= closes for opens, closes in _open(host, day))


def _open(host: Host, day: date) -> Iterator[tuple[datetime, datetime]]:
    """The working hours of a day of the host's. On a day with a change of clocks they are as long as they are."""
    zone = ZoneInfo(host.time_zone)
    for hours in host.overrides.get(day.isoformat(), host.hours):
        if day.isoformat() in host.overrides or WEEKDAYS[day.weekday()] in hours.days:
            last = day + timedelta(days=1) if hours.end == "00:00" else day
            yield _at(day, hours.start, zone), _at(last, hours.end, zone)


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(ZoneInfo("UTC"))


def free_hosts(
    account: Account, kind: EventType, start: datetime, end: datetime, *, but: str | None = None
) -> list[Host]:
    """The hosts who would take a booking: all of a collective type or none, one of a round robin, else its owner."""
    hosts = [account.hosts[number] for number in kind.hosts]
    free = [host for host in hosts if works(host, start, end) and not account.busy(host, start, end, but=but)]
    if kind.scheduling == "collective":
        return free if len(free) == len(hosts) else []
    if kind.scheduling == "roundRobin":
        return free[:1]
    return free if hosts[0] in free else []


def in_bounds(kind: EventType, start: datetime, now: datetime) -> bool:
    """Whether it is neither too soon nor too far away to be booked."""
    if start < now + minutes(kind.notice):
        return False
    return kind.window_days is None or start <= now + timedelta(days=kind.window_days)


def slots(
    account: Account,
    kind: EventType,
    since: datetime,
    until: datetime,
    length: timedelta,
    now: datetime,
    but: str | None,
) -> list[datetime]:
    """The starts that can be booked from `since` to `until`, in UTC. `but` is a booking that would be moved."""
    found = set[datetime]()
    step = minutes(kind.interval or length.total_seconds() / 60)
    for host in (account.hosts[number] for number in kind.hosts):
        zone = ZoneInfo(host.time_zone)
        day, last = since.astimezone(zone).date(), until.astimezone(zone).date()
        while day <= last:
            for opens, closes in _open(host, day):
                start = opens
                while start + length <= closes:
                    if since <= start < until:
                        found.add(start)
                    start += step
            day += timedelta(days=1)
    return [start for start in sorted(found) if _bookable(account, kind, start, start + length, now, but)]


def _bookable(
    account: Account, kind: EventType, start: datetime, end: datetime, now: datetime, but: str | None
) -> bool:
    if start <= now or not in_bounds(kind, start, now):
        return False
    if kind.seats is not None:
        return seats_left(account, kind, start) > 0
    return bool(free_hosts(account, kind, start, end, but=but)) and not account.reserved(kind, start, end, now)


def seats_left(account: Account, kind: EventType, start: datetime) -> int:
    """How many may still come to a seated type's slot."""
    taken = sum(
        len(booking.attendees)
        for booking in account.bookings.values()
        if booking.event_type is kind and booking.start == start and booking.stands
    )
    return (kind.seats or 0) - taken


def hours_from(told: list[dict[str, object]]) -> list[Hours]:
    """Working hours as the control API is given them."""
    return [Hours(**entry) for entry in told]  # type: ignore[arg-type] # a wrong one is told to whoever sent it
