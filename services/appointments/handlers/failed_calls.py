"""A call one of whose steps finally failed: operations are alerted, and the caller is told of a call back."""

from datetime import datetime

from services.appointments.domain.appointments import State
from services.appointments.domain.calls import Call, Outcome
from services.appointments.domain.phones import read_phone
from services.appointments.domain.problems import Problem
from services.appointments.handlers.call_counts import count_now, settled
from services.appointments.handlers.extraction import call_back_letter
from services.appointments.repository.appointments import Appointments, Filter
from services.appointments.repository.calls import Calls
from services.appointments.repository.companies import Companies
from shared.contracts.appointments import CallFailed, CountCall
from shared.contracts.notifications import AlertOperations
from shared.messaging.outbox import Session, publish


def tell_of_failure(session: Session, message: CallFailed, now: datetime) -> None:
    """Alert operations, and promise the caller a call back: unless the appointment stands, and all was said of it."""
    call = Calls(session).lock_by_chain(message.chain_id)
    if call is None:
        return
    _alert(session, call, message)
    if message.step_kind == CountCall.kind:
        return
    is_booked = settled(session, call) in {Outcome.BOOKED, Outcome.REQUESTED}
    detail = f"{message.step_kind}: {message.error}"[:1_000]
    values = {"problem": Problem.STEP_FAILED, "detail": detail}
    Calls(session).change(call.id, outcome=settled(session, call) if is_booked else Outcome.FAILED, **values)
    if not is_booked:
        _give_up_appointment(session, call, detail)
    changed = Calls(session).lock(call.id)
    if changed is not None:
        count_now(session, changed, now)
    _promise_call_back(session, call)


def _alert(session: Session, call: Call, message: CallFailed) -> None:
    """The same step of the same company's calls is told once an hour."""
    text = (
        f"Call {call.id} ({call.external_id}) of organisation {call.organisation_id} stopped at {message.step_kind}, "
        f"{message.reason}: {message.error}\n\nThe failed job can be retried (bellhop failed list), and the call goes on; "
        f"or mend the request: POST /v1/calls/{call.id}/request."
    )
    alert = AlertOperations(
        subject=f"A call did not become an appointment: {message.step_kind}",
        text=text,
        fingerprint=f"call_failed:{message.step_kind}:{call.organisation_id}",
        severity="critical",
    )
    publish(session, alert, organisation_id=call.organisation_id)


def _give_up_appointment(session: Session, call: Call, detail: str) -> None:
    """One that nobody has been asked for yet is not booked any more, unless the failed step is retried."""
    appointments, shown = Appointments(session), Filter(state=State.WANTED, call_id=call.id)
    for one in appointments.page(call.organisation_id, shown, after=None, count=10):
        appointments.change(one.id, state=State.FAILED, detail=detail)


def _promise_call_back(session: Session, call: Call) -> None:
    """To the addresses that were read from the call, else to the number that called."""
    company = Companies(session).get(call.organisation_id)
    if company is None:
        return
    request = dict(call.request or {})
    if not request.get("email") and not request.get("phone"):
        number = call.number_of_other_side
        request["phone"] = read_phone(number, company.country) if number else None
    if request.get("email") or request.get("phone"):
        publish(session, call_back_letter(call, company, request), organisation_id=call.organisation_id)
