"""Who called: the customer with the caller's number, else with the e-mail address, else a new one."""

from uuid import UUID

from services.appointments.domain.calls import Call
from services.appointments.domain.customers import Caller, Customer, are_one, learnt
from services.appointments.domain.phones import read_phone
from services.appointments.errors import UnknownCallError
from services.appointments.repository.appointments import Appointments
from services.appointments.repository.calls import Calls
from services.appointments.repository.companies import Companies
from services.appointments.repository.customers import Customers
from shared.contracts.appointments import IdentifyCustomer
from shared.ids import new_id
from shared.messaging.outbox import Session


def identify(session: Session, message: IdentifyCustomer) -> dict[str, str]:
    """Find or make the customer of a call, and say so on the call and on its appointment. Raises UnknownCallError.

    Returns `customer_id`, where there is one: of a caller without a number, an address and a name nothing is kept.
    """
    call = Calls(session).lock(message.call_id)
    if call is None:
        raise UnknownCallError(f"there is no call {message.call_id}")
    caller, said_phone = _caller(session, call)
    customer_id = recognise(session, call.organisation_id, caller, said_phone, known=call.customer_id)
    if customer_id is None:
        return {}
    Calls(session).change(call.id, customer_id=customer_id)
    if Appointments(session).get(message.appointment_id) is not None:
        Appointments(session).change(message.appointment_id, customer_id=customer_id)
    return {"customer_id": str(customer_id)}


def recognise(
    session: Session, organisation_id: UUID, caller: Caller, said_phone: str | None, *, known: UUID | None = None
) -> UUID | None:
    """The customer that a caller is. Both a number and an address may be known, of two customers: they become one where
    nothing speaks against it; otherwise the number decides. `said_phone` is a number that was only said.
    """
    customers = Customers(session)
    customers.lock(organisation_id, (caller.phone, said_phone, caller.email))
    by_phone = customers.by_phone(organisation_id, caller.phone) or customers.by_phone(organisation_id, said_phone)
    by_email = customers.by_email(organisation_id, caller.email)
    if by_phone is not None and by_email is not None and by_phone.id != by_email.id:
        return _of_two(customers, by_phone, by_email, caller)
    found = by_phone or by_email
    if found is not None:
        _learn(customers, found, caller)
        return found.id
    if known is not None or not (caller.phone or said_phone or caller.email or caller.name):
        return known
    customer_id = new_id()
    customers.add(
        customer_id,
        organisation_id,
        name=caller.name,
        email=caller.email,
        phone=caller.phone or said_phone,
        language=caller.language,
        time_zone=caller.time_zone,
    )
    return customer_id


def _of_two(customers: Customers, by_phone: Customer, by_email: Customer, caller: Caller) -> UUID:
    if are_one(by_phone, by_email):
        customers.merge(by_email.id, into=by_phone.id)
        merged = Caller(caller.name or by_email.name, by_email.email, None, caller.language, caller.time_zone)
        _learn(customers, by_phone, merged)
    else:
        without_email = Caller(caller.name, None, caller.phone, caller.language, caller.time_zone)
        _learn(customers, by_phone, without_email)
    return by_phone.id


def _learn(customers: Customers, found: Customer, caller: Caller) -> None:
    if news := learnt(found, caller):
        customers.change(found.id, **news)


def _caller(session: Session, call: Call) -> tuple[Caller, str | None]:
    """What is known of a caller, and the number that was said. A name that was made of an address is no name."""
    company = Companies(session).get(call.organisation_id)
    request = call.request or {}
    number = call.number_of_other_side
    phone = read_phone(number, company.country if company else None) if number else None
    facts = request.get("facts") or {}
    name = (facts.get("name") or {}).get("value")
    language = (facts.get("language") or {}).get("value")
    time_zone = (facts.get("time_zone") or {}).get("value")
    return Caller(name, request.get("email"), phone, language, time_zone), request.get("phone")
