"""Counting calls: each once, on its day in its company's time, under where it has led to."""

from datetime import UTC, date, datetime

from services.appointments.domain.calls import OUTCOME_OF_APPOINTMENT, Call, Outcome
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calls import Calls
from services.appointments.repository.companies import Companies
from services.appointments.repository.counts import Counts
from shared.contracts.appointments import CountCall
from shared.messaging.outbox import Session


def count(session: Session, message: CountCall, now: datetime) -> None:
    """Settle where a call has led to by its newest appointment, and count it so. Again is no more."""
    calls = Calls(session)
    call = calls.lock(message.call_id)
    if call is None:
        return
    outcome = settled(session, call)
    if outcome is not call.outcome:
        calls.change(call.id, outcome=outcome, problem=None, detail=None)
    Counts(session).count(call.id, call.organisation_id, day_of(session, call, now), outcome)


def count_now(session: Session, call: Call, now: datetime) -> None:
    """Count a call that goes no further, under the outcome that it has."""
    Counts(session).count(call.id, call.organisation_id, day_of(session, call, now), call.outcome)


def settled(session: Session, call: Call) -> Outcome:
    """Where a call whose steps are done has led to."""
    shown = Filter(call_id=call.id)
    newest = Appointments(session).page(call.organisation_id, shown, after=None, count=1)
    if newest and call.outcome not in {Outcome.NEEDS_ATTENTION, Outcome.NO_REQUEST}:
        return OUTCOME_OF_APPOINTMENT.get(newest[0].state, call.outcome)
    return call.outcome


def day_of(session: Session, call: Call, now: datetime) -> date:
    """The day of a call where its company is."""
    company = Companies(session).get(call.organisation_id)
    moment = call.started_at or call.ended_at or now
    return moment.astimezone(company.zone if company else UTC).date()
