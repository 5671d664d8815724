"""An organisation as its callers know it: where and when it is open, and how its calls' data is to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import cached_property
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.appointments.domain.moments import DateOrder, NextWeekday
from services.appointments.domain.opening_hours import WEEKDAYS, OpeningHours, OtherDays, Span

Fact = Literal[
    "wants_appointment", "name", "email", "phone", "service", "starts_at", "date", "time", "time_zone", "length",
    "language", "notes",
]  # fmt: skip
"""What is looked for in a call's data. Either `starts_at` says when, or `date` and `time` together."""

DEFAULT_MAPPING: Mapping[str, tuple[str, ...]] = {
    "wants_appointment": ("appointment_requested", "wants_appointment", "booking_requested", "appointment_wanted"),
    "name": ("customer_name", "caller_name", "full_name", "name"),
    "email": ("customer_email", "caller_email", "email"),
    "phone": ("customer_phone", "callback_number", "phone_number", "phone"),
    "service": ("event_type_slug", "event_type_id", "event_type", "service", "service_type", "appointment_type"),
    "starts_at": (
        "preferred_start",
        "starts_at",
        "start_time",
        "appointment_start",
        "appointment_datetime",
        "datetime",
    ),
    "date": ("preferred_date", "appointment_date", "date"),
    "time": ("preferred_time", "appointment_time", "time"),
    "length": ("length_minutes", "duration_minutes", "duration"),
    "language": ("language", "preferred_language", "customer_language"),
    "notes": ("notes", "reason", "comments"),
}
"""Where facts are looked for unless the company says otherwise. It names no time zone: times are the company's."""

MONTH_FIRST = frozenset({"US", "PH", "FM", "MH", "PW", "PR", "GU", "VI", "AS", "MP", "UM"})
"""Countries that write the month before the day."""

FARTHEST_DAYS = 180


@dataclass(frozen=True)
class Company:
    """`services` are aliases: what callers say, and the slug or id of the event type that is meant. Without opening
    hours its calendar alone decides. `reminders` are minutes before an appointment; None is what the settings say.
    """

    organisation_id: UUID
    name: str
    time_zone: str
    language: str = "en"
    country: str | None = None
    date_order: DateOrder = "DMY"
    next_weekday: NextWeekday = "ask"
    opening_hours: OpeningHours | None = None
    mapping: Mapping[str, Sequence[str]] = field(default_factory=lambda: DEFAULT_MAPPING)
    services: Mapping[str, str] = field(default_factory=dict)
    default_service: str | None = None
    reminders: tuple[int, ...] | None = None
    farthest_days: int = FARTHEST_DAYS

    @cached_property
    def zone(self) -> ZoneInfo:
        """Its time zone. Raises ZoneInfoNotFoundError for one that has left the database since it was set."""
        return ZoneInfo(self.time_zone)


def company_of(organisation_id: UUID, name: str, time_zone: str, profile: Mapping[str, Any]) -> Company:
    """The company that a profile describes (it has been checked when it was set; what is missing has its default)."""
    country = profile.get("country")
    reminders = profile.get("reminders")
    return Company(
        organisation_id=organisation_id,
        name=name,
        time_zone=time_zone,
        language=profile.get("language") or "en",
        country=country,
        date_order=profile.get("date_order") or ("MDY" if country in MONTH_FIRST else "DMY"),
        next_weekday=profile.get("next_weekday") or "ask",
        opening_hours=_opening_hours(profile),
        mapping={**DEFAULT_MAPPING, **{fact: tuple(paths) for fact, paths in (profile.get("mapping") or {}).items()}},
        services=dict(profile.get("services") or {}),
        default_service=profile.get("default_service"),
        reminders=None if reminders is None else tuple(reminders),
        farthest_days=profile.get("farthest_days") or FARTHEST_DAYS,
    )


def _opening_hours(profile: Mapping[str, Any]) -> OpeningHours | None:
    weekly, exceptions = profile.get("opening_hours"), profile.get("exceptions") or ()
    if weekly is None:
        return None
    return OpeningHours(
        weekly={WEEKDAYS.index(day): _spans(hours) for day, hours in weekly.items()},
        exceptions=tuple(
            OtherDays(date.fromisoformat(one["first"]), date.fromisoformat(one["last"]), _spans(one.get("hours") or ()))
            for one in exceptions
        ),
    )


def _spans(hours: Sequence[Mapping[str, str]]) -> tuple[Span, ...]:
    return tuple(Span(time.fromisoformat(one["opens"]), time.fromisoformat(one["closes"])) for one in hours)
