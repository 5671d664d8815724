"""`/v1/appointments` and `/v1/event-types`: what stands in the calendar, what can be booked, and when that is free."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.appointments.domain.appointments import Appointment, EventType, State
from services.appointments.handlers import changes, free_times, offers
from services.appointments.http.dependencies import DependenciesDep, WorkDep
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calendars import Calendars
from shared.api import Body, CallerDep, CursorDep, Page, Problem, needs, problems
from shared.clock import now

router = APIRouter()

LONGEST_LOOK = timedelta(days=62)
USUAL_LOOK = timedelta(days=7)

Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$"),
    Field(description="for the customer, and for the calendar"),
]


class ListedAppointmentOut(BaseModel):
    """An appointment. `booking_uid` is its booking at Cal.com; `call_id` is null for one that no call has led to.

    `changing` says what is asked of Cal.com just now: `book`, `cancel`, `reschedule`, or nothing. Where the last change
    was not possible, `reason` and `detail` say why.
    """

    id: UUID
    state: State
    service: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    language: str
    name: str
    email: str | None
    phone: str | None
    call_id: UUID | None
    customer_id: UUID | None
    event_type_id: UUID | None
    connection_id: UUID
    booking_uid: str | None
    moves: int
    is_paid: bool
    meeting_url: str | None
    location: str | None
    changing: str | None
    reason: str | None
    detail: str | None
    created_at: datetime
    updated_at: datetime


class AppointmentOut(ListedAppointmentOut):
    """An appointment, and the times that are offered instead of the wished one."""

    offered: list[datetime]


class EventTypeOut(BaseModel):
    """What can be booked. `lengths` are all that it can have, in minutes."""

    id: UUID
    external_id: int
    slug: str
    title: str
    length_minutes: int
    lengths: list[int]
    needs_confirmation: bool
    connection_id: UUID
    synced_at: datetime


class FreeTimesOut(BaseModel):
    """The free starts, in UTC, earliest first."""

    starts: list[datetime]


class CancelIn(Body):
    """Why."""

    reason: Reason = ""


class RescheduleIn(Body):
    """When to, with its offset from UTC."""

    starts_at: AwareDatetime
    reason: Reason = ""


@router.get("/v1/appointments", dependencies=[needs("appointments:read")])
def list_appointments(
    caller: CallerDep,
    cursor: CursorDep,
    work: WorkDep,
    state: State | None = None,
    call_id: UUID | None = None,
    customer_id: UUID | None = None,
    starts_from: Annotated[AwareDatetime | None, Query(description="beginning then or later")] = None,
    starts_before: Annotated[AwareDatetime | None, Query(description="beginning before that")] = None,
) -> Page[ListedAppointmentOut]:
    """The organisation's appointments, newest first: of calls, and those that were booked at Cal.com itself."""
    shown = Filter(state, call_id, customer_id, starts_from, starts_before)
    with work() as session:
        rows = Appointments(session).page(caller.organisation_id, shown, after=cursor.after, count=cursor.fetch)
    return cursor.page(rows, lambda row: ListedAppointmentOut.model_validate(_fields(row)), lambda row: row.id)


@router.get("/v1/appointments/{appointment_id}", dependencies=[needs("appointments:read")], responses=problems(404))
def get_appointment(appointment_id: UUID, caller: CallerDep, work: WorkDep) -> AppointmentOut:
    """One appointment."""
    with work() as session:
        found = Appointments(session).of_organisation(caller.organisation_id, appointment_id)
        offered = offers.open_offers(session, appointment_id) if found else ()
    return _shown(_there(found), list(offered))


@router.post(
    "/v1/appointments/{appointment_id}/cancel",
    dependencies=[needs("appointments:write")],
    status_code=202,
    responses=problems(404, 409),
)
def cancel_appointment(
    appointment_id: UUID, caller: CallerDep, work: WorkDep, body: CancelIn | None = None
) -> AppointmentOut:
    """Cancel an appointment. Cal.com is asked next, and the customer told then; cancelled twice it is cancelled once."""
    with work() as session:
        reason = body.reason if body else ""
        return _shown(changes.cancel(session, caller.organisation_id, appointment_id, reason), [])


@router.post(
    "/v1/appointments/{appointment_id}/reschedule",
    dependencies=[needs("appointments:write")],
    status_code=202,
    responses=problems(404, 409),
)
def reschedule_appointment(
    appointment_id: UUID, body: RescheduleIn, caller: CallerDep, work: WorkDep
) -> AppointmentOut:
    """Move an appointment. Cal.com is asked next: where the time is taken the appointment stands as it was, with
    `reason` `slot_unavailable`, and free times are offered.
    """
    with work() as session:
        moved = changes.reschedule(session, caller.organisation_id, appointment_id, body.starts_at, body.reason)
    return _shown(moved, [])


@router.get(
    "/v1/appointments/{appointment_id}/free-times",
    dependencies=[needs("appointments:read")],
    responses=problems(404, 503),
)
def free_times_for_appointment(
    appointment_id: UUID,
    caller: CallerDep,
    work: WorkDep,
    dependencies: DependenciesDep,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> FreeTimesOut:
    """When an appointment could be moved to, as Cal.com says now; the next seven days, unless you say else."""
    first, last = _span(since, until)
    with work() as session:
        found = _there(Appointments(session).of_organisation(caller.organisation_id, appointment_id))
        look = free_times.prepare(session, dependencies.facts, found)
    return _look(work, dependencies, look, first, last)


@router.get("/v1/event-types", dependencies=[needs("appointments:read")])
def list_event_types(caller: CallerDep, work: WorkDep) -> Page[EventTypeOut]:
    """What can be booked with the organisation's connections, as it was read last (`POST /v1/connections/{id}/sync`)."""
    with work() as session:
        rows = Calendars(session).of_organisation(caller.organisation_id)
    return Page(data=[_event_type(row) for row in rows])


@router.get(
    "/v1/event-types/{event_type_id}/free-times",
    dependencies=[needs("appointments:read")],
    responses=problems(404, 503),
)
def free_times_of_event_type(
    event_type_id: UUID,
    caller: CallerDep,
    work: WorkDep,
    dependencies: DependenciesDep,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    length_minutes: Annotated[int | None, Query(ge=1, le=1440, description="one of its lengths")] = None,
) -> FreeTimesOut:
    """When an event type is free, as Cal.com says now; the next seven days, unless you say else."""
    first, last = _span(since, until)
    with work() as session:
        look = free_times.prepare_event_type(
            session, dependencies.facts, caller.organisation_id, event_type_id, length_minutes
        )
    return _look(work, dependencies, look, first, last)


def _look(
    work: WorkDep, dependencies: DependenciesDep, look: free_times.Look, since: datetime, until: datetime
) -> FreeTimesOut:
    """Between two transactions: none is open while Cal.com is asked."""
    found, usage = free_times.look(dependencies, look, since, until)
    with work() as session:
        free_times.record(session, dependencies.facts, look, usage)
    return FreeTimesOut(starts=list(found))


def _span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """From now on, unless said. Raises Problem 422."""
    first = max(since or now(), now())
    last = until or first + USUAL_LOOK
    if last <= first or last - first > LONGEST_LOOK:
        raise Problem(422, "span_not_possible", f"until lies after since and now, by {LONGEST_LOOK.days} days at most")
    return first, last


def _there(found: Appointment | None) -> Appointment:
    if found is None:
        raise Problem(404, "appointment_not_found", "there is no such appointment")
    return found


def _fields(row: Appointment) -> dict[str, object]:
    shown = {name: getattr(row, name) for name in ListedAppointmentOut.model_fields if name != "changing"}
    return {**shown, "changing": (row.wish or {}).get("action")}


def _shown(row: Appointment, offered: list[datetime]) -> AppointmentOut:
    return AppointmentOut.model_validate({**_fields(row), "offered": offered})


def _event_type(row: EventType) -> EventTypeOut:
    return EventTypeOut.model_validate({name: getattr(row, name) for name in EventTypeOut.model_fields})
