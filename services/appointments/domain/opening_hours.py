"""When a company is open: hours of each weekday in its own time, and days that differ from the rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Span:
    """Open from one time of day to another, which belongs to the next day where it is not later."""

    opens: time
    closes: time

    def on(self, day: date) -> tuple[datetime, datetime]:
        """Beginning and end as local times."""
        end = day if self.closes > self.opens else day + timedelta(days=1)
        return datetime.combine(day, self.opens), datetime.combine(end, self.closes)


@dataclass(frozen=True, slots=True)
class OtherDays:
    """Days that differ, first and last included: open in these spans, or closed where there are none."""

    first: date
    last: date
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """`weekly` by weekday, Monday is 0; a weekday that is missing is closed. The last exception that fits a day counts."""

    weekly: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    exceptions: tuple[OtherDays, ...] = ()

    def of(self, day: date) -> tuple[Span, ...]:
        """The spans that begin on a day."""
        for one in reversed(self.exceptions):
            if one.first <= day <= one.last:
                return one.spans
        return self.weekly.get(day.weekday(), ())

    def hold(self, begins: datetime, ends: datetime) -> bool:
        """Whether all of an appointment, given in local (naive) times, lies within one span."""
        days = (begins.date() - timedelta(days=1), begins.date()) if begins.date() > date.min else (begins.date(),)
        spans = (span.on(day) for day in days for span in self.of(day))
        return any(opens <= begins and ends <= closes for opens, closes in spans)
