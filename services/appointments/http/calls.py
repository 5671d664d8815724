"""`/v1/calls`: what was said on the phone, what was read from it, and where it has led to."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from services.appointments.domain.calls import Call, Outcome
from services.appointments.domain.problems import Problem
from services.appointments.domain.typed_values import WrongTypeError, email
from services.appointments.handlers import mending
from services.appointments.http.dependencies import WorkDep
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calls import Calls
from shared.api import Body, CallerDep, CursorDep, Page, needs, problems

router = APIRouter()

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]


def _address(text: str | None) -> str | None:
    try:
        return None if text is None else email(text)
    except WrongTypeError as error:
        raise ValueError(str(error)) from None


class FactOut(BaseModel):
    """One fact: what was read (null where it could not be), under which path it stood, and how. Of what people have
    put right the source is `people`.
    """

    value: Any
    source: str
    raw: Any


class TroubleOut(BaseModel):
    """What keeps a request from being booked. `readings` are the times between which people can choose."""

    problem: Problem
    detail: str
    fact: str
    readings: list[datetime]


class RequestOut(BaseModel):
    """What was read from a call. `words` are the caller's own, sentence by sentence; `notices` did not matter."""

    wants_appointment: bool
    starts_at: datetime | None
    time_zone: str
    service: str | None
    name: str
    email: str | None
    phone: str | None
    language: str
    notes: str
    facts: dict[str, FactOut]
    problems: list[TroubleOut]
    notices: list[TroubleOut]
    words: list[str]


class ListedCallOut(BaseModel):
    """A call as lists show it. `problem` and `detail` say what people have to look at."""

    id: UUID
    external_id: str
    connection_id: UUID
    direction: str | None
    from_number: str | None
    to_number: str | None
    disconnection_reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    summary: str | None
    outcome: Outcome
    problem: str | None
    detail: str | None
    customer_id: UUID | None
    created_at: datetime
    updated_at: datetime


class CallOut(ListedCallOut):
    """A call with all that was said. `analysis` is as the provider made it; `appointment_ids` has the newest first."""

    agent_id: str | None
    status: str | None
    sentiment: str | None
    transcript: str | None
    recording_url: str | None
    analysis: dict[str, Any] | None
    variables: dict[str, Any]
    request: RequestOut | None
    appointment_ids: list[UUID]


class RequestIn(Body):
    """What to put right; what is left out or null stays as it was read. With anything in it an appointment is wanted,
    unless you say no. Without anything the call is only read again, as after its company was set up.
    """

    starts_at: Annotated[
        AwareDatetime | None, Field(description="with its offset, such as 2026-08-04T10:00:00+02:00")
    ] = None
    service: Annotated[Text | None, Field(description="slug or id of an event type, or an alias")] = None
    length: Annotated[int | None, Field(ge=5, le=1440, description="minutes")] = None
    name: Text | None = None
    email: Annotated[Text | None, AfterValidator(_address)] = None
    phone: Annotated[Text | None, Field(description="with its country, unless that is the company's")] = None
    language: Annotated[str | None, StringConstraints(pattern=r"^[a-z]{2}$")] = None
    notes: Annotated[str | None, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")] = None
    wants_appointment: bool | None = None


@router.get("/v1/calls", dependencies=[needs("calls:read")])
def list_calls(
    caller: CallerDep,
    cursor: CursorDep,
    work: WorkDep,
    outcome: Annotated[Outcome | None, Query(description="`needs_attention` are those that people can mend")] = None,
    since: Annotated[AwareDatetime | None, Query(description="recorded since then")] = None,
) -> Page[ListedCallOut]:
    """The organisation's calls, newest first."""
    with work() as session:
        rows = Calls(session).page(
            caller.organisation_id, outcome=outcome, since=since, after=cursor.after, count=cursor.fetch
        )
    return cursor.page(rows, _listed, lambda row: row.id)


@router.get("/v1/calls/{call_id}", dependencies=[needs("calls:read")], responses=problems(404))
def get_call(call_id: UUID, caller: CallerDep, work: WorkDep) -> CallOut:
    """One call, with its transcript and what was read from it."""
    with work() as session:
        return _shown(mending.get(session, caller.organisation_id, call_id), _appointments(session, caller, call_id))


@router.post(
    "/v1/calls/{call_id}/request", dependencies=[needs("calls:write")], status_code=202, responses=problems(404, 409)
)
def mend_request(call_id: UUID, body: RequestIn, caller: CallerDep, work: WorkDep) -> CallOut:
    """Put right what could not be read from a call, and have it booked. Look at the call again for what came of it."""
    given = body.model_dump(mode="json", exclude_none=True)
    with work() as session:
        call = mending.mend(session, caller.organisation_id, call_id, given)
        return _shown(call, _appointments(session, caller, call_id))


def _appointments(session: Any, caller: CallerDep, call_id: UUID) -> list[UUID]:
    shown = Filter(call_id=call_id)
    return [one.id for one in Appointments(session).page(caller.organisation_id, shown, after=None, count=100)]


def _listed(call: Call) -> ListedCallOut:
    return ListedCallOut(**{name: getattr(call, name) for name in ListedCallOut.model_fields})


def _shown(call: Call, appointment_ids: list[UUID]) -> CallOut:
    fields = {name: getattr(call, name) for name in CallOut.model_fields if hasattr(call, name)}
    request = call.request if call.request and "facts" in call.request else None
    return CallOut.model_validate({**fields, "request": request, "appointment_ids": appointment_ids})
