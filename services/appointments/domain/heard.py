"""What is gathered from a text about a time, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from services.appointments.domain.clock_times import MomentContradictsError

_HOURS_OF_PART: Mapping[str, range] = {
    "morning": range(12),
    "noon": range(11, 15),
    "afternoon": range(12, 19),
    "evening": range(16, 24),
    "night": range(18, 24),
}


@dataclass
class Heard:
    """What has been gathered from a text so far."""

    instants: list[datetime] = field(default_factory=list)
    dates: list[tuple[date, ...]] = field(default_factory=list)
    weekdays: list[tuple[int, tuple[date, ...]]] = field(default_factory=list)
    times: list[tuple[time, ...]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


def agreed_dates(heard: Heard) -> tuple[date, ...]:
    if not heard.dates:
        agreed = [set(days) for _, days in heard.weekdays]
        dates = heard.weekdays[0][1] if heard.weekdays else ()
    else:
        agreed = [set(days) for days in heard.dates]
        dates = heard.dates[0]
    named = {weekday for weekday, _ in heard.weekdays}
    found = tuple(
        day for day in dates if all(day in days for days in agreed) and all(day.weekday() == one for one in named)
    )
    if dates and not found:
        raise MomentContradictsError("the days that are said are different ones")
    return found[:1] if heard.dates else found


def agreed_times(heard: Heard) -> tuple[time, ...]:
    hours = [set(_HOURS_OF_PART[part]) for part in heard.parts]
    if not heard.times:
        return (time(12),) if "noon" in heard.parts else ()
    found = tuple(
        clock
        for clock in heard.times[0]
        if all(clock in times for times in heard.times) and all(clock.hour in one for one in hours)
    )
    if not found:
        raise MomentContradictsError("the times of day that are said are different ones")
    return found
