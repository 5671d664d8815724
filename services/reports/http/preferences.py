"""`/v1/report-preferences`: what an organisation wants of its reports."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.reports.domain.contacts import email_key, is_email_address
from services.reports.domain.preferences import MOST_READERS, Preferences
from services.reports.domain.zones import known_zone
from services.reports.handlers import preferences
from services.reports.http.dependencies import WorkDep
from shared.api import Body, CallerDep, ResourcesDep, needs, problems

router = APIRouter()


def _address(text: str) -> str:
    if not is_email_address(text):
        raise ValueError(f"{text[:80]!r} is no mail address")
    return text


def _each_once(addresses: list[str]) -> list[str]:
    return list({email_key(address): address for address in addresses}.values())


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Address = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_address)]


class PreferencesIn(Body):
    """All of them: what is put takes the place of what was there."""

    name: Name = Field(description="how the organisation is called in its reports")
    time_zone: Annotated[str, AfterValidator(known_zone)] = Field(
        description="whose days the figures count: IANA's name"
    )
    language: Literal["en", "de"] = "en"
    weekly_to: Annotated[list[Address], Field(max_length=MOST_READERS), AfterValidator(_each_once)] = Field(
        default_factory=list, description="who is mailed the weekly report, on Monday; nobody, if empty"
    )


class PreferencesOut(BaseModel):
    """Before anything was put: no name, the installation's time zone, and no weekly report."""

    name: str
    time_zone: str
    language: str
    weekly_to: list[str]


@router.get("/v1/report-preferences", dependencies=[needs("reports:read")])
def get_report_preferences(caller: CallerDep, work: WorkDep, resources: ResourcesDep) -> PreferencesOut:
    """What was put last."""
    with work() as session:
        return _shown(preferences.wanted(session, caller.organisation_id, resources.settings.timezone))


@router.put("/v1/report-preferences", dependencies=[needs("reports:write")], responses=problems(422))
def put_report_preferences(body: PreferencesIn, caller: CallerDep, work: WorkDep) -> PreferencesOut:
    """Put them. With another time zone all figures are computed anew, which takes a moment."""
    wanted = Preferences(body.name, body.time_zone, body.language, tuple(body.weekly_to))
    with work() as session:
        preferences.put(session, caller.organisation_id, wanted)
    return _shown(wanted)


def _shown(wanted: Preferences) -> PreferencesOut:
    return PreferencesOut(
        name=wanted.name, time_zone=wanted.time_zone, language=wanted.language, weekly_to=list(wanted.weekly_to)
    )
