"""What keeps a request for an appointment from being booked, by name: for people, who can mend it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Problem(StrEnum):
    """Stable names, shown in the API and counted. What each asks of people stands in docs/appointments.md."""

    COMPANY_NOT_SET_UP = "company_not_set_up"
    NO_CALENDAR = "no_calendar"
    NO_ANALYSIS = "no_analysis"
    WRONG_TYPE = "wrong_type"
    CONTRADICTION = "contradiction"
    NO_TIME = "no_time"
    UNREADABLE_TIME = "unreadable_time"
    TIME_DOES_NOT_EXIST = "time_does_not_exist"
    TIME_AMBIGUOUS = "time_ambiguous"
    TIME_IN_PAST = "time_in_past"
    TIME_TOO_FAR = "time_too_far"
    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    UNKNOWN_SERVICE = "unknown_service"
    AMBIGUOUS_SERVICE = "ambiguous_service"
    NO_CONTACT = "no_contact"
    STEP_FAILED = "step_failed"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem, in words, and where it was met. `readings` are the times between which people can choose."""

    problem: Problem
    detail: str
    fact: str = ""
    readings: tuple[datetime, ...] = ()
