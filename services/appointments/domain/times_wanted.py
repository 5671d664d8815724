"""From what was said about a time to the instant that is meant, or to why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from services.appointments.domain.local_times import instants_of
from services.appointments.domain.moments import Said
from services.appointments.domain.opening_hours import OpeningHours
from services.appointments.domain.problems import Problem, Trouble

MOST_READINGS = 6


@dataclass(frozen=True)
class Frame:
    """What a time must fit into. `zone` is where the words were meant; the opening hours are told in the company's."""

    now: datetime
    zone: tzinfo
    company_zone: tzinfo
    length: timedelta
    farthest: timedelta
    opening_hours: OpeningHours | None


@dataclass(frozen=True)
class _Reading:
    instant: datetime
    day: int
    choice: int


def decide(said: Said, frame: Frame) -> datetime | Trouble:
    """The one instant (UTC) that a caller can have meant.

    A time in the past is not meant where another reading is in the future, and neither is one outside of the opening
    hours; of "at ten" and "at ten at night" the likelier one is. What then still has two readings has to be asked.
    """
    readings = _readings(said, frame.zone)
    if isinstance(readings, Trouble):
        return readings
    future = [one for one in readings if one.instant > frame.now]
    if not future:
        return _trouble(Problem.TIME_IN_PAST, "the time is in the past", _likeliest(readings))
    possible = [one for one in future if _is_open(one.instant, frame)]
    if not possible:
        return _trouble(Problem.OUTSIDE_OPENING_HOURS, "the company is not open then", _likeliest(future))
    left = _likeliest(possible)
    if len(left) > 1:
        is_fold = len({one.day for one in left}) == 1
        why = "the clocks are put back then: the time exists twice" if is_fold else "it may be either day"
        return _trouble(Problem.TIME_AMBIGUOUS, why, left)
    if left[0].instant - frame.now > frame.farthest:
        return _trouble(Problem.TIME_TOO_FAR, f"the time is over {frame.farthest.days} days ahead", left)
    return left[0].instant


def _readings(said: Said, zone: tzinfo) -> list[_Reading] | Trouble:
    if said.instant is not None:
        return [_Reading(said.instant.astimezone(UTC), 0, 0)]
    if not said.dates or not said.times:
        missing = "neither a day nor a time" if not said.dates and not said.times else _missing(said)
        return Trouble(Problem.NO_TIME, f"{missing} was said", "starts_at")
    readings = [
        _Reading(instant, day, choice)
        for day, one in enumerate(said.dates)
        for choice, clock in enumerate(said.times)
        for instant in instants_of(datetime.combine(one, clock), zone)
    ]
    likeliest = datetime.combine(said.dates[0], said.times[0])
    if not readings or (len(said.dates) == 1 and not instants_of(likeliest, zone)):
        detail = f"the clocks are put forward then: there is no {likeliest:%H:%M} on {likeliest:%Y-%m-%d}"
        return Trouble(Problem.TIME_DOES_NOT_EXIST, detail, "starts_at")
    return readings


def _missing(said: Said) -> str:
    return "a day but no time of day" if said.dates else "a time of day but no day"


def _is_open(instant: datetime, frame: Frame) -> bool:
    if frame.opening_hours is None:
        return True
    begins = instant.astimezone(frame.company_zone).replace(tzinfo=None)
    return frame.opening_hours.hold(begins, begins + frame.length)


def _likeliest(readings: Sequence[_Reading]) -> list[_Reading]:
    """Of each day, those of the likeliest time of day."""
    best = {day: min(one.choice for one in readings if one.day == day) for day in {one.day for one in readings}}
    return [one for one in readings if one.choice == best[one.day]]


def _trouble(problem: Problem, detail: str, readings: Sequence[_Reading]) -> Trouble:
    return Trouble(problem, detail, "starts_at", tuple(one.instant for one in readings[:MOST_READINGS]))
