"""Days and weeks of an organisation, on its own clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

WEEK = timedelta(days=7)
MAILED_AT = time(6)
"""When the week before is mailed, on Monday."""
_AHEAD = timedelta(hours=24)
"""The tick is on Monday morning of the installation's clock. Nobody's clock is 24 hours behind Monday, 6 o'clock there and
still on another Monday: zones lie between UTC-12 and UTC+14."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return list(_days(self.first, self.last))

    @property
    def before(self) -> "Period":
        """As many days, just before."""
        length = self.last - self.first + timedelta(days=1)
        return Period(self.first - length, self.last - length)


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def week_of(monday: date) -> Period:
    """The seven days that begin then."""
    return Period(monday, monday + WEEK - timedelta(days=1))


def week_to_report(tick: datetime, zone: tzinfo) -> tuple[date, datetime]:
    """Which week is reported by a tick, as its Monday, and when: on the Monday after it, in the morning of that clock.

    The moment is past where that morning has been.
    """
    day = (tick + _AHEAD).astimezone(zone).date()
    monday = day - timedelta(days=day.weekday())
    return monday - WEEK, datetime.combine(monday, MAILED_AT, zone)


def last_days(now: datetime, zone: tzinfo, count: int) -> Period:
    """The last `count` days of that clock, today among them."""
    today = now.astimezone(zone).date()
    return Period(today - timedelta(days=count - 1), today)
