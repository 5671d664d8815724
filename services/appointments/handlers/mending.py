"""A call's request put right by people: they give what is missing, and the call's steps are taken again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.appointments.domain.appointments import State
from services.appointments.domain.calls import Call, Outcome
from services.appointments.errors import CallBusyError, CompanyNotSetUpError, UnknownCallError
from services.appointments.handlers.steps import start_steps
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calls import Calls
from services.appointments.repository.companies import Companies
from shared.messaging.outbox import Session

_MENDABLE = frozenset({Outcome.NEEDS_ATTENTION, Outcome.NO_REQUEST, Outcome.FAILED, Outcome.CANCELLED})
_HELD_BY = frozenset({State.WANTED, State.BOOKING, State.OFFERED, State.REQUESTED, State.BOOKED})


def get(session: Session, organisation_id: UUID, call_id: UUID) -> Call:
    """The organisation's call. Raises UnknownCallError."""
    call = Calls(session).of_organisation(organisation_id, call_id)
    if call is None:
        raise UnknownCallError(f"there is no call {call_id}")
    return call


def mend(session: Session, organisation_id: UUID, call_id: UUID, given: Mapping[str, Any]) -> Call:
    """Keep what people give, by the names of facts, beside what was read, and take the call's steps again.

    Who gives something wants an appointment, unless they say no. What was given before stays, unless it is given anew.
    Without anything the steps are only taken again, as after the company was set up.
    Raises UnknownCallError, CompanyNotSetUpError, CallBusyError.
    """
    calls = Calls(session)
    call = calls.of_organisation(organisation_id, call_id, lock=True)
    if call is None:
        raise UnknownCallError(f"there is no call {call_id}")
    if Companies(session).get(organisation_id) is None:
        raise CompanyNotSetUpError("set the company up first: PUT /v1/company")
    _check(session, call)
    mended = {**call.mended, **({"wants_appointment": True} if given else {}), **given}
    calls.change(call.id, request={**(call.request or {}), "mended": mended})
    start_steps(session, call)
    return get(session, organisation_id, call_id)


def _check(session: Session, call: Call) -> None:
    if call.outcome not in _MENDABLE:
        raise CallBusyError(f"the call is {call.outcome}: there is nothing to mend")
    shown = Filter(call_id=call.id)
    held = [
        one
        for one in Appointments(session).page(call.organisation_id, shown, after=None, count=100)
        if one.state in _HELD_BY
    ]
    if held:
        raise CallBusyError(f"the call has appointment {held[0].id}, which is {held[0].state}: change that one")
