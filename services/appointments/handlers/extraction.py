"""From a call to the appointment that its caller wants, or to what people have to look at."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.appointments.domain.appointments import Wanted
from services.appointments.domain.calls import Call, Outcome
from services.appointments.domain.companies import Company
from services.appointments.domain.extraction import extract
from services.appointments.domain.phones import read_phone
from services.appointments.domain.problems import Problem, Trouble
from services.appointments.domain.requests import CallFacts, Request
from services.appointments.errors import CalendarNotReadError, UnknownCallError
from services.appointments.handlers.connections import calendar_of
from services.appointments.handlers.dependencies import Dependencies
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calendars import Calendars
from services.appointments.repository.calls import Calls
from services.appointments.repository.companies import Companies
from services.appointments.repository.connections import Connections
from shared.contracts.appointments import ExtractRequest
from shared.contracts.notifications import TellAboutAppointment
from shared.messaging.outbox import Session, publish

READ_WITHIN = timedelta(minutes=10)
"""For so long a new calendar may take to be read, before a call does without it."""


def extract_request(session: Session, dependencies: Dependencies, message: ExtractRequest) -> dict[str, Any]:
    """Read a call's request and write it down: as a wanted appointment, or as a problem.

    Returns `wants_appointment`: whether there is one to book. Raises UnknownCallError, CalendarNotReadError.
    """
    call = Calls(session).lock(message.call_id)
    if call is None:
        raise UnknownCallError(f"there is no call {message.call_id}")
    company = Companies(session).get(call.organisation_id)
    if company is None:
        detail = "set the company up with PUT /v1/company, then send POST /v1/calls/{id}/request"
        _attend(session, call, Trouble(Problem.COMPANY_NOT_SET_UP, detail), {})
        return {"wants_appointment": False}
    connection_id = calendar_of(session, dependencies.facts, call.organisation_id)
    request = _read(session, dependencies, call, company, connection_id)
    if request.is_bookable and connection_id is not None:
        _want(session, call, message.appointment_id, connection_id, request)
        _keep(session, call, request, Outcome.WORKING)
        return {"wants_appointment": True}
    if request.troubles:
        _attend(session, call, request.troubles[0], _json(call, request))
        _promise_call_back(session, call, company, request)
    else:
        _keep(session, call, request, Outcome.NO_REQUEST)
    return {"wants_appointment": False}


def _read(
    session: Session, dependencies: Dependencies, call: Call, company: Company, connection_id: UUID | None
) -> Request:
    now, offered = dependencies.clock(), None
    if connection_id is not None:
        connection = Connections(session).find(connection_id)
        if connection is not None and connection.synced_at is None and now - call.created_at < READ_WITHIN:
            raise CalendarNotReadError(f"the event types of connection {connection_id} have not been read yet")
        offered = Calendars(session).of_connection(connection_id)
    number = call.number_of_other_side
    facts = CallFacts(
        data=call.data,
        said_at=call.said_at,
        caller_number=read_phone(number, company.country) if number else None,
        mended=call.mended,
    )
    return extract(facts, company, offered, now)


def _want(session: Session, call: Call, appointment_id: UUID, connection_id: UUID, request: Request) -> None:
    event_type = request.event_type
    assert event_type is not None
    assert request.starts_at is not None
    assert request.ends_at is not None
    wanted = Wanted(
        id=appointment_id,
        organisation_id=call.organisation_id,
        connection_id=connection_id,
        call_id=call.id,
        event_type_id=event_type.id,
        host_number=event_type.host_number,
        shares_host=event_type.has_seats,
        service=event_type.title,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        time_zone=request.time_zone,
        language=request.language,
        name=request.name,
        email=request.email,
        phone=request.phone,
    )
    Appointments(session).want(wanted)


def _attend(session: Session, call: Call, trouble: Trouble, request: dict[str, Any]) -> None:
    values = {"problem": trouble.problem, "detail": trouble.detail[:1_000], "request": request or call.request}
    Calls(session).change(call.id, outcome=Outcome.NEEDS_ATTENTION, **values)


def _keep(session: Session, call: Call, request: Request, outcome: Outcome) -> None:
    Calls(session).change(call.id, outcome=outcome, problem=None, detail=None, request=_json(call, request))


def _json(call: Call, request: Request) -> dict[str, Any]:
    """The request, with the caller's own words beside it, and what people have put right."""
    return {**request.as_json(), "words": call.words[:200], "mended": dict(call.mended)}


def _promise_call_back(session: Session, call: Call, company: Company, request: Request) -> None:
    """Whoever was told by the agent that a confirmation follows hears that somebody will call back instead."""
    if request.email is None and request.phone is None:
        return
    publish(session, call_back_letter(call, company, request.as_json()), organisation_id=call.organisation_id)


def call_back_letter(call: Call, company: Company, request: dict[str, Any]) -> TellAboutAppointment:
    """Somebody will call back: said once for each call."""
    return TellAboutAppointment(
        letter="call_back",
        key=f"call_back:{call.id}",
        organisation_id=call.organisation_id,
        company=company.name,
        name=request.get("name") or "",
        email=request.get("email"),
        phone=request.get("phone"),
        language=request.get("language") or company.language,
        time_zone=request.get("time_zone") or company.time_zone,
        service=request.get("service") or "",
    )
