"""Times of day as people say them, and what can be wrong with a moment that was said."""

from collections.abc import Mapping
from datetime import time

_BUSY_HOURS = range(7, 19)
"""Of 7 and 19 o'clock, people who say "seven" mean the one in here, where nothing else tells."""


class MomentUnreadableError(Exception):
    """A text about a time is not understood."""


class MomentContradictsError(Exception):
    """A text about a time says two things that cannot both be true: "Tuesday, 5 August 2026" is a Wednesday."""


def clock_times(found: Mapping[str, str]) -> tuple[time, ...]:
    """The times that an hour, and what stands beside it, may mean: without am or pm, 1 to 12 are two, the likelier first."""
    hour, minutes = int(found["hour"]), int(found.get("minute") or 0)
    is_clear = found["hour"].startswith("0") or not 1 <= hour <= 12
    minutes += _minutes_beside(found)
    if hour > 24 or not -60 <= minutes < 60 or (hour == 24 and minutes >= 0):
        raise MomentUnreadableError("there is no such time of day")
    if half := found.get("half"):
        if not 1 <= hour <= 12:
            raise MomentUnreadableError("there is no such hour")
        return (_clock(hour % 12 + (12 if half == "pm" else 0), minutes),)
    if is_clear:
        return (_clock(hour, minutes),)
    readings = [_clock(hour % 12 + 12, minutes), _clock(hour % 12, minutes)]
    return tuple(sorted(readings, key=lambda clock: clock.hour not in _BUSY_HOURS))


def _minutes_beside(found: Mapping[str, str]) -> int:
    beside = 0
    if "is_half_past" in found:
        beside = 30
    if "is_half_to" in found:
        beside = -30
    if "is_quarter" in found or "count" in found:
        count = 15 if "is_quarter" in found else int(found["count"])
        if count > 30:
            raise MomentUnreadableError("nobody counts so many minutes from an hour")
        beside += count if found["direction"] in {"past", "after", "nach"} else -count
    return beside


def _clock(hour: int, minutes: int) -> time:
    return time((hour * 60 + minutes) // 60 % 24, minutes % 60)
