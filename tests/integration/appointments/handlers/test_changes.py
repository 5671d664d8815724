"""Appointments cancelled and moved from our side, offers taken, reminders sent."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.appointments.domain.appointments import State
from services.appointments.errors import (
    AppointmentBusyError,
    AppointmentNotStandingError,
    OfferGoneError,
    TimeNotPossibleError,
    UnknownAppointmentError,
)
from services.appointments.handlers import changes, free_times, offers
from shared.contracts.appointments import BookAppointment, ConfirmAppointment
from shared.ids import new_id
from tests.integration.appointments.desk import CONSULTATION, Desk, opened, outcomes, workday
from tests.support.databases import Database


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with opened(database) as found:
        yield found


def cancel(desk: Desk, appointment_id: UUID, reason: str = "") -> None:
    with desk.inline.work() as session:
        changes.cancel(session, desk.organisation_id, appointment_id, reason)


def move(desk: Desk, appointment_id: UUID, starts_at: datetime) -> None:
    with desk.inline.work() as session:
        changes.reschedule(session, desk.organisation_id, appointment_id, starts_at)


def take(desk: Desk, appointment_id: UUID, starts_at: datetime) -> None:
    with desk.inline.work() as session:
        offers.take(session, appointment_id, starts_at)


def offered(desk: Desk, appointment_id: UUID) -> list[datetime]:
    with desk.inline.work() as session:
        return list(offers.open_offers(session, appointment_id))


def test_a_cancellation_reaches_the_calendar_and_the_customer(desk: Desk) -> None:
    """Wished twice, it is done once; its webhook adds nothing."""
    appointment_id = desk.book(workday(10))
    cancel(desk, appointment_id, "Ich bin krank")
    cancel(desk, appointment_id, "Ich bin krank")
    desk.inline.drain()
    desk.hear_all()

    appointment = desk.get(appointment_id)
    assert (appointment.state, appointment.reason, appointment.wish) == (State.CANCELLED, "Ich bin krank", None)
    assert (desk.calcom.standing(), desk.calcom.counts()["cancel"]) == ([], 1)
    assert (desk.letters(), desk.events()) == (["confirmed", "cancelled"], ["booked", "cancelled"])
    assert (desk.reminders(), desk.calcom.violations()) == ([], [])


def test_a_lost_answer_to_a_cancellation_is_found(desk: Desk) -> None:
    """The second asking hears that it was cancelled already."""
    appointment_id = desk.book(workday(10))
    desk.calcom.lose("cancel", times=1)
    cancel(desk, appointment_id)
    assert outcomes(desk.inline.drain()) == ["retry"]
    desk.travel(10)

    assert (desk.get(appointment_id).state, desk.letters()) == (State.CANCELLED, ["confirmed", "cancelled"])


def test_a_booking_that_was_moved_meanwhile_is_cancelled_where_it_stands(desk: Desk) -> None:
    """Its webhook has not come yet."""
    appointment_id = desk.book(workday(10))
    desk.calcom.do(str(desk.get(appointment_id).booking_uid), "reschedule", start=workday(14).isoformat())
    cancel(desk, appointment_id)
    desk.inline.drain()
    desk.hear_all()

    assert (desk.get(appointment_id).state, desk.calcom.standing()) == (State.CANCELLED, [])


def test_what_nobody_was_asked_for_yet_falls_at_once(desk: Desk) -> None:
    """Offered times are gone with it."""
    desk.book(workday(10))
    appointment_id = desk.book(workday(10))
    cancel(desk, appointment_id)

    assert desk.get(appointment_id).state is State.CANCELLED
    assert offered(desk, appointment_id) == []
    assert "cancel" not in desk.calcom.counts()


def test_what_was_cancelled_before_its_booking_was_known_is_cancelled_there(desk: Desk) -> None:
    """The last attempt's answer was lost, people cancelled it, and then its webhook comes."""
    appointment_id = desk.want(workday(10))
    desk.calcom.lose("book")
    desk.calcom.lists(lag=36_000)
    desk.run(BookAppointment(appointment_id=appointment_id))
    for seconds in (10, 30, 60, 300):
        desk.travel(seconds)
    assert desk.get(appointment_id).state in {State.FAILED, State.OFFERED}
    cancel(desk, appointment_id)
    desk.hear_all()

    assert (desk.get(appointment_id).state, desk.calcom.standing()) == (State.CANCELLED, [])
    assert desk.events() == ["booked", "cancelled"]


def test_a_move_reaches_the_calendar_and_the_customer(desk: Desk) -> None:
    """With its reminders; the webhook about it adds nothing."""
    appointment_id = desk.book(workday(10))
    move(desk, appointment_id, workday(15))
    desk.inline.drain()
    desk.hear_all()

    appointment, (booking,) = desk.get(appointment_id), desk.calcom.standing()
    assert (appointment.state, appointment.starts_at, appointment.moves) == (State.BOOKED, workday(15), 1)
    assert (appointment.booking_uid, appointment.sequence) == (booking["uid"], 1)
    assert (desk.letters(), desk.events()) == (["confirmed", "moved"], ["booked", "rescheduled"])
    assert desk.reminders() == [timedelta(days=1), timedelta(hours=1)]
    assert desk.published("notifications.appointment.tell")[-1]["calendar"]["sequence"] == 2


def test_a_lost_answer_to_a_move_is_found_and_not_repeated(desk: Desk) -> None:
    """The former booking says where it was moved to."""
    appointment_id = desk.book(workday(10))
    desk.calcom.lose("reschedule", times=1)
    move(desk, appointment_id, workday(15))
    assert outcomes(desk.inline.drain()) == ["retry"]
    desk.travel(10)

    assert (desk.get(appointment_id).starts_at, desk.get(appointment_id).wish) == (workday(15), None)
    assert desk.calcom.counts()["reschedule"] == 1


def test_a_move_to_a_taken_time_leaves_it_where_it_was_and_offers_others(desk: Desk) -> None:
    """An offered time that is taken then moves it."""
    desk.calcom.book(workday(15))
    appointment_id = desk.book(workday(10))
    move(desk, appointment_id, workday(15))
    desk.inline.drain()
    appointment = desk.get(appointment_id)
    assert (appointment.state, appointment.starts_at, appointment.reason) == (
        State.BOOKED,
        workday(10),
        "slot_unavailable",
    )
    assert desk.letters() == ["confirmed", "offer"]

    take(desk, appointment_id, offered(desk, appointment_id)[0])
    desk.inline.drain()

    assert desk.get(appointment_id).starts_at == workday(15, 30)
    assert desk.letters() == ["confirmed", "offer", "moved"]


def test_a_booking_that_was_cancelled_meanwhile_is_not_moved(desk: Desk) -> None:
    """The owner was quicker; that is what the customer hears."""
    appointment_id = desk.book(workday(10))
    desk.calcom.do(str(desk.get(appointment_id).booking_uid), "cancel", cancellationReason="Closed")
    move(desk, appointment_id, workday(15))
    desk.inline.drain()

    assert (desk.get(appointment_id).state, desk.get(appointment_id).wish) == (State.CANCELLED, None)
    assert desk.letters() == ["confirmed", "cancelled"]


def test_a_requested_appointment_is_moved_and_stays_requested(desk: Desk) -> None:
    """Its owner has to confirm the new time."""
    appointment_id = desk.book(workday(10), event_type=CONSULTATION)
    move(desk, appointment_id, workday(14))
    desk.inline.drain()

    assert (desk.get(appointment_id).state, desk.get(appointment_id).starts_at) == (State.REQUESTED, workday(14))
    assert desk.letters() == ["requested", "requested"]


def test_wishes_that_cannot_be_are_refused(desk: Desk) -> None:
    """With an error of their own each."""
    appointment_id, wanted = desk.book(workday(10)), desk.want(workday(12))
    with pytest.raises(TimeNotPossibleError):
        move(desk, appointment_id, datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(AppointmentNotStandingError):
        move(desk, desk.book(workday(10)), workday(15))
    with pytest.raises(AppointmentBusyError):
        move(desk, wanted, workday(15))
    with pytest.raises(UnknownAppointmentError), desk.inline.work() as session:
        changes.cancel(session, new_id(), appointment_id)
    cancel(desk, appointment_id)
    with pytest.raises(AppointmentBusyError) as refused:
        move(desk, appointment_id, workday(15))
    assert "cancelled" in str(refused.value)


def test_an_offered_time_is_booked_by_one_tap(desk: Desk) -> None:
    """Tapped twice, it is booked once; the others are not offered any more."""
    desk.book(workday(10))
    appointment_id = desk.book(workday(10))
    first, second, _ = offered(desk, appointment_id)
    take(desk, appointment_id, first)
    take(desk, appointment_id, first)
    with pytest.raises(AppointmentBusyError):
        take(desk, appointment_id, second)
    desk.inline.drain()

    assert (desk.get(appointment_id).state, desk.get(appointment_id).starts_at) == (State.BOOKED, first)
    assert desk.letters() == ["confirmed", "offer", "confirmed"]
    with pytest.raises(OfferGoneError):
        take(desk, appointment_id, workday(9))


def test_an_offered_time_that_is_taken_meanwhile_leads_to_further_ones(desk: Desk) -> None:
    """Until one is free."""
    desk.book(workday(10))
    appointment_id = desk.book(workday(10))
    first = offered(desk, appointment_id)[0]
    desk.calcom.book(first)
    take(desk, appointment_id, first)
    desk.inline.drain()

    assert desk.get(appointment_id).state is State.OFFERED
    assert first not in offered(desk, appointment_id)
    assert desk.letters() == ["confirmed", "offer", "offer"]


def test_reminders_are_sent_when_they_are_due(desk: Desk) -> None:
    """A day and an hour before, once each."""
    appointment_id = desk.book(workday(10))
    left = (workday(10) - desk.inline.now()).total_seconds()
    desk.travel(left - 86_400 + 5)
    assert desk.letters() == ["confirmed", "reminder"]

    desk.travel(86_400 - 3_600)

    assert desk.letters() == ["confirmed", "reminder", "reminder"]
    assert desk.run(ConfirmAppointment(appointment_id=appointment_id)) == ["done"]
    assert desk.reminders() == []


def test_reminders_whose_time_is_past_are_not_planned(desk: Desk) -> None:
    """And each company has its own."""
    desk.database.query("UPDATE appointments.companies SET profile = %s", '{"reminders": [30, 20000000]}')
    desk.book(workday(10))

    assert desk.reminders() == [timedelta(minutes=30)]


def test_free_times_for_a_move_leave_its_own_time_out(desk: Desk) -> None:
    """Its own booking does not stand in its way."""
    desk.calcom.book(workday(11))
    appointment_id = desk.book(workday(10))
    with desk.inline.work() as session:
        look = free_times.prepare(session, desk.dependencies.facts, desk.get(appointment_id))
    found, usage = free_times.look(desk.dependencies, look, workday(9), workday(12))

    assert list(found) == [workday(9), workday(9, 30), workday(10, 30), workday(11, 30)]
    assert usage.requests == 1
