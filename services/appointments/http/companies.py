"""`/v1/company`: the organisation as its callers know it, which is how its calls are understood."""

from datetime import date, datetime, time
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import phonenumbers
from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.appointments.domain.companies import DEFAULT_MAPPING, FARTHEST_DAYS, Fact
from services.appointments.handlers import companies
from services.appointments.http.dependencies import SettingsDep, WorkDep
from services.appointments.repository.companies import Kept
from shared.api import Body, CallerDep, needs, problems

router = APIRouter()

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, LookupError):
        raise ValueError(f"{text[:80]!r} is no time zone: write one of IANA's names, such as Europe/Berlin") from None


def _country(text: str) -> str:
    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{text!r} is no country: write a code of ISO 3166-1, such as DE")
    return text


def _time_of_day(text: str) -> str:
    try:
        return f"{time.fromisoformat(text):%H:%M}"
    except ValueError:
        raise ValueError(f"{text!r} is no time of day: write 09:30") from None


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
TimeOfDay = Annotated[
    str, StringConstraints(pattern=r"^\d{2}:\d{2}$"), AfterValidator(_time_of_day), Field(examples=["09:30"])
]
Path = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")
]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")
]


class HoursIn(Body):
    """Open from one time of day to another; one that is not later is of the next day."""

    opens: TimeOfDay
    closes: TimeOfDay


Hours = Annotated[list[HoursIn], Field(max_length=10)]


class OtherDaysIn(Body):
    """Days on which other hours count. Without hours the company is closed."""

    first: date
    last: date | None = Field(None, description="`first`, if it is left out")
    hours: Hours = Field([])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last is not None and self.last < self.first:
            raise ValueError("last is before first")
        return self


class CompanyIn(Body):
    """A company. What is left out has its default."""

    name: Annotated[Name, Field(description="as customers read it in letters")]
    time_zone: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100),
        AfterValidator(_time_zone),
        Field(description="an IANA name; relative and local times of callers are understood in it"),
    ]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    country: Annotated[
        str | None,
        StringConstraints(pattern=r"^[A-Z]{2}$"),
        AfterValidator(lambda text: text if text is None else _country(text)),
        Field(description="ISO 3166-1; where numbers without a country are taken to be"),
    ] = None
    date_order: Annotated[
        Literal["DMY", "MDY"] | None, Field(description="of 04/08; null is what the country is used to")
    ] = None
    next_weekday: Annotated[
        Literal["ask", "coming", "following_week"],
        Field(
            description="what \"next Friday\" is on a Monday: people are asked, this week's, or the following week's"
        ),
    ] = "ask"
    opening_hours: Annotated[
        dict[Weekday, Hours] | None,
        Field(
            description="in the company's time zone; a weekday that is missing is closed; null: the calendar decides"
        ),
    ] = None
    exceptions: Annotated[list[OtherDaysIn], Field(max_length=400, description="the last one that fits counts")] = (
        Field([])
    )
    mapping: Annotated[
        dict[Fact, Annotated[list[Path], Field(max_length=20)]],
        Field(
            description="where facts stand in a call's data: names in its custom_analysis_data, or whole paths that begin "
            "with custom_analysis_data, collected_dynamic_variables, retell_llm_dynamic_variables or metadata. What is "
            "left out is looked for under usual names",
            examples=[{"starts_at": ["wunschtermin"], "wants_appointment": ["custom_analysis_data.termin.gewuenscht"]}],
        ),
    ] = Field({})
    services: Annotated[
        dict[Words, Words],
        Field(
            max_length=500,
            description="what callers say, and the slug or id of the event type that is meant",
            examples=[{"Kontrolle": "check-up"}],
        ),
    ] = Field({})
    default_service: Annotated[Words | None, Field(description="what is meant where no service was named")] = None
    reminders: Annotated[
        list[Annotated[int, Field(ge=1, le=60 * 24 * 30)]] | None,
        Field(max_length=10, description="minutes before an appointment; null is what the installation has set"),
    ] = None
    farthest_days: Annotated[int, Field(ge=1, le=730, description="times further ahead are asked about")] = (
        FARTHEST_DAYS
    )


class CompanyOut(CompanyIn):
    """A company. `mapping` shows where every fact is looked for, the usual names included."""

    created_at: datetime
    updated_at: datetime


@router.get("/v1/company", dependencies=[needs("appointments:read")], responses=problems(404))
def get_company(caller: CallerDep, work: WorkDep) -> CompanyOut:
    """The organisation's company."""
    with work() as session:
        return _shown(companies.get(session, caller.organisation_id))


@router.put("/v1/company", dependencies=[needs("appointments:write")], responses={201: {"model": CompanyOut}})
def put_company(
    body: CompanyIn, caller: CallerDep, settings: SettingsDep, work: WorkDep, response: Response
) -> CompanyOut:
    """Set the company up, or replace all of it. Calls that come from now on are understood so."""
    profile = body.model_dump(mode="json", exclude={"name", "time_zone"})
    for one in profile["exceptions"]:
        one["last"] = one["last"] or one["first"]
    with work() as session:
        is_new = companies.put(
            session, settings, caller.organisation_id, name=body.name, time_zone=body.time_zone, profile=profile
        )
        response.status_code = 201 if is_new else 200
        return _shown(companies.get(session, caller.organisation_id))


def _shown(kept: Kept) -> CompanyOut:
    profile = dict(kept.profile)
    profile["mapping"] = {
        **{fact: list(paths) for fact, paths in DEFAULT_MAPPING.items()},
        **(profile.get("mapping") or {}),
    }
    return CompanyOut.model_validate(
        {
            **profile,
            "name": kept.name,
            "time_zone": kept.time_zone,
            "created_at": kept.created_at,
            "updated_at": kept.updated_at,
        }
    )
