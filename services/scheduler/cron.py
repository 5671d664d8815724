"""When a schedule is due: five cron fields in the installation's time zone, also on the two odd days of the year."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

MAX_TICKS = 1_000
_TICK = timedelta(microseconds=1)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class Cron:
    """The moments of a cron expression, in UTC.

    A wall-clock time that does not exist (clocks go forward) is taken as much later as the gap is long. One that comes
    twice (clocks go back) is taken once, the first time, unless the hour is `*` or `*/n`. So does Debian's cron(8).
    Raises ValueError for an expression that is not understood.
    """

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        fields = expression.split()
        if len(fields) != 5:
            raise ValueError(f"{expression!r} has {len(fields)} fields, a cron expression has 5")
        minute, hour, day, month, weekday = fields
        if day != "*" and weekday != "*":
            raise ValueError(f"{expression!r} gives a day of the month and of the week: cron means either, people both")
        self._zone = zone
        self._every_hour = hour == "*" or hour.startswith("*/")
        self._trigger = CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=zone
        )

    def after(self, moment: datetime) -> datetime | None:
        """The first tick after `moment`; None if there is none any more."""
        found = self._next(moment)
        while found is not None and not self._every_hour and found.astimezone(self._zone).fold:
            found = self._next(found)
        return found

    def _next(self, moment: datetime) -> datetime | None:
        local = (moment + _TICK).astimezone(self._zone)
        found: datetime | None = self._trigger.get_next_fire_time(None, local)
        return None if found is None else found.astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """The last MAX_TICKS ticks after `start` and up to `end`, the oldest first.

        Looks back over a growing span, so that an outage of a year costs no more than one of a day.
        """
        span = timedelta(hours=1)
        while True:
            begin = max(start, end - span)
            ticks = self._walk(begin, end)
            if begin == start or len(ticks) >= MAX_TICKS:
                return ticks[-MAX_TICKS:]
            span *= 8

    def _walk(self, start: datetime, end: datetime) -> list[datetime]:
        ticks: list[datetime] = []
        found = self.after(start)
        while found is not None and found <= end:
            ticks.append(found)
            found = self.after(found)
        return ticks


class CronAlarm(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """Tells APScheduler when to wake up for a Cron."""

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        """The next tick; after a late wake-up, the one after now."""
        return self._cron.after(max(previous_fire_time or now, now))


def _weekdays(field: str) -> str:
    """The fifth field as names: in cron 0 and 7 are Sunday, while APScheduler's 0 is Monday."""
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = 0, 6
        else:
            low = _weekday(first)
            high = _weekday(last) if dash else (6 if step else low)
        if high < low:
            high += 7
        days.update(day % 7 for day in range(low, high + 1, int(step or 1)))
    return ",".join(_DAYS[day] for day in sorted(days))


def _weekday(text: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if not text.isdecimal() or int(text) > 7:
        raise ValueError(f"{text!r} is no day of the week: write sun to sat, or 0 to 7")
    return int(text)
