"""The steps that a call sets off, one after the other, each its own message."""

from services.appointments.domain.calls import Call, Outcome
from services.appointments.repository.calls import Calls
from shared.contracts.appointments import (
    BookAppointment,
    CallFailed,
    ConfirmAppointment,
    CountCall,
    ExtractRequest,
    IdentifyCustomer,
)
from shared.ids import new_id
from shared.messaging.chain import Chain, Step, publish_chain
from shared.messaging.outbox import Session


def start_steps(session: Session, call: Call) -> None:
    """Extract, identify, book, confirm, count. The caller holds the call's row, and has seen that none are under way."""
    appointment_id = new_id()
    chain = Chain(
        f"call {call.external_id}"[:200],
        [
            ExtractRequest(call_id=call.id, appointment_id=appointment_id),
            IdentifyCustomer(call_id=call.id, appointment_id=appointment_id),
            Step(BookAppointment(appointment_id=appointment_id), only_if="wants_appointment"),
            Step(ConfirmAppointment(appointment_id=appointment_id), only_if="is_booked"),
            CountCall(call_id=call.id),
        ],
        catch=CallFailed,
    )
    chain_id = publish_chain(session, chain, organisation_id=call.organisation_id)
    values = {"outcome": Outcome.WORKING, "problem": None, "detail": None, "chain_id": chain_id}
    Calls(session).change(call.id, **values)
