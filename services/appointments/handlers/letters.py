"""What customers are told of their appointments. Who writes, and in which words, is up to notifications."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from services.appointments.domain.appointments import Appointment
from services.appointments.handlers.dependencies import Links
from services.appointments.repository.companies import Companies
from shared.contracts.notifications import CalendarEntry, OfferedSlot, TellAboutAppointment
from shared.messaging.outbox import Session, publish

Letter = Literal["confirmed", "requested", "moved", "cancelled", "reminder", "offer", "call_back"]
_WITH_CALENDAR = frozenset({"confirmed", "moved", "cancelled"})
_WITH_LINK = frozenset({"confirmed", "requested", "moved", "reminder"})


def tell(
    session: Session,
    links: Links,
    appointment: Appointment,
    letter: Letter,
    *,
    about: str,
    slots: Sequence[datetime] = (),
    **more: Any,
) -> None:
    """Write to the customer, once for each letter and what it is `about` (a booking, a time), where an address is known.

    Only to customers of ours: to all others the provider of the calendar writes.
    """
    if not appointment.is_ours or not (appointment.email or appointment.phone):
        return
    company = Companies(session).get(appointment.organisation_id)
    message = TellAboutAppointment(
        letter=letter,
        key=f"{letter}:{appointment.id}:{about}",
        organisation_id=appointment.organisation_id,
        company=company.name if company else "",
        name=appointment.name,
        email=appointment.email,
        phone=appointment.phone,
        language=appointment.language,
        time_zone=appointment.time_zone,
        appointment_id=appointment.id,
        service=appointment.service,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        location=place(appointment),
        calendar=calendar_entry(appointment, falls=letter == "cancelled") if letter in _WITH_CALENDAR else None,
        manage_url=links.manage_url(appointment.id, appointment.ends_at) if letter in _WITH_LINK else "",
        slots=tuple(OfferedSlot(starts_at=start, url=links.offer_url(appointment.id, start)) for start in slots),
        **more,
    )
    publish(session, message, organisation_id=appointment.organisation_id)


def calendar_entry(appointment: Appointment, *, falls: bool = False) -> CalendarEntry:
    """The entry keeps its uid for ever; each change has a higher sequence (RFC 5545, 3.8.7.4)."""
    return CalendarEntry(uid=f"{appointment.id}@bellhop", sequence=appointment.moves * 2 + int(falls))


def place(appointment: Appointment) -> str:
    """Where it takes place, as people can use it: `integrations:…` is a name of the provider's own."""
    places = (appointment.meeting_url, appointment.location)
    return next((place for place in places if place and not place.startswith("integrations:")), "")
