"""Counting calls: each once, on its day in its company's time, under where it has led to; and telling of it."""

from datetime import UTC, date, datetime

from services.appointments.domain.appointments import Appointment
from services.appointments.domain.calls import OUTCOME_OF_APPOINTMENT, Call, Outcome
from services.appointments.domain.problems import Problem
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calls import Calls
from services.appointments.repository.companies import Companies
from services.appointments.repository.counts import Counts
from shared.contracts.appointments import CallHandled, CountCall
from shared.messaging.outbox import Session, publish


def count(session: Session, message: CountCall, now: datetime) -> None:
    """Settle where a call has led to by its newest appointment, and count it so. Again is no more."""
    calls = Calls(session)
    call = calls.lock(message.call_id)
    if call is None:
        return
    outcome = settled(session, call)
    if outcome is not call.outcome:
        calls.change(call.id, outcome=outcome, **_problem(session, call, outcome))
    _count(session, call, outcome, now)


def count_now(session: Session, call: Call, now: datetime) -> None:
    """Count a call that goes no further, under the outcome that it has."""
    _count(session, call, call.outcome, now)


def _count(session: Session, call: Call, outcome: Outcome, now: datetime) -> None:
    Counts(session).count(call.id, call.organisation_id, day_of(session, call, now), outcome)
    handled = CallHandled(
        call_id=call.id,
        organisation_id=call.organisation_id,
        outcome=outcome,
        started_at=call.said_at,
        handled_at=now,
    )
    publish(session, handled, organisation_id=call.organisation_id)


def settled(session: Session, call: Call) -> Outcome:
    """Where a call whose steps are done has led to."""
    newest = _newest(session, call)
    if newest is not None and call.outcome not in {Outcome.NEEDS_ATTENTION, Outcome.NO_REQUEST}:
        return OUTCOME_OF_APPOINTMENT.get(newest.state, call.outcome)
    return call.outcome


def _problem(session: Session, call: Call, outcome: Outcome) -> dict[str, str | None]:
    """Why there is no appointment, as that says; nothing where there is one."""
    newest = _newest(session, call) if outcome is Outcome.FAILED else None
    if newest is None:
        return {"problem": None, "detail": None}
    return {"problem": newest.reason or Problem.STEP_FAILED, "detail": newest.detail}


def _newest(session: Session, call: Call) -> Appointment | None:
    found = Appointments(session).page(call.organisation_id, Filter(call_id=call.id), after=None, count=1)
    return found[0] if found else None


def day_of(session: Session, call: Call, now: datetime) -> date:
    """The day of a call where its company is."""
    company = Companies(session).get(call.organisation_id)
    moment = call.started_at or call.ended_at or now
    return moment.astimezone(company.zone if company else UTC).date()
