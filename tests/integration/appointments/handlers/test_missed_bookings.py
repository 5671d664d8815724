"""What no webhook has told is found by looking."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.appointments.domain.appointments import State
from shared.contracts.appointments import FindMissed, FindMissedBookings, SyncCalendars
from tests.integration.appointments.desk import CONNECTION, Desk, opened, workday
from tests.support.databases import Database

LOOK = FindMissedBookings(connection_id=CONNECTION)


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with opened(database) as found:
        yield found


def test_changes_whose_webhooks_never_came_are_found(desk: Desk) -> None:
    """A booking, a move, a cancellation and an absence."""
    moved, fallen, absent = (desk.book(workday(hour)) for hour in (9, 10, 11))
    desk.calcom.book(workday(12))
    desk.calcom.do(str(desk.get(moved).booking_uid), "reschedule", start=workday(16).isoformat())
    desk.calcom.do(str(desk.get(fallen).booking_uid), "cancel")
    desk.calcom.do(str(desk.get(absent).booking_uid), "absent")

    assert desk.run(LOOK)[0] == "done"

    assert [one.state for one in desk.all()] == [State.BOOKED, State.CANCELLED, State.NO_SHOW, State.BOOKED]
    assert desk.get(moved).starts_at == workday(16)
    assert sorted(desk.letters()) == ["cancelled", *["confirmed"] * 3, "moved"]


def test_looking_again_finds_nothing_new(desk: Desk) -> None:
    """Nor do the webhooks that come late after all."""
    desk.calcom.book(workday(12))
    uid = desk.book(workday(9))
    desk.calcom.do(str(desk.get(uid).booking_uid), "reschedule", start=workday(16).isoformat())
    desk.run(LOOK)
    events, letters = desk.events(), desk.letters()

    desk.run(LOOK)
    desk.hear_all()

    assert (desk.events(), desk.letters(), len(desk.all())) == (events, letters, 2)


def test_all_pages_are_read_and_what_one_leaves_out_is_found_by_the_next_look(desk: Desk) -> None:
    """Each look goes back over the ones before."""
    for hour in (9, 10, 11, 12, 13):
        desk.calcom.book(workday(hour))
    desk.calcom.lists(page_size=2, leave_out=[1])
    desk.run(LOOK)
    found = len(desk.all())
    desk.calcom.lists(page_size=2)
    desk.run(LOOK)

    assert (found, len(desk.all())) == (3, 5)


def test_appointments_about_to_begin_are_asked_for_one_by_one(desk: Desk) -> None:
    """Whatever the list leaves out for ever."""
    appointment_id = desk.book(workday(10))
    desk.database.query(
        "UPDATE appointments.appointments SET starts_at = clock_timestamp() + interval '1 hour', "
        "ends_at = clock_timestamp() + interval '2 hours', told_at = told_at - interval '1 hour'"
    )
    desk.calcom.do(str(desk.get(appointment_id).booking_uid), "cancel")
    desk.calcom.lists(leave_out=list(range(50)))
    desk.run(LOOK)

    assert desk.get(appointment_id).state is State.CANCELLED


def test_every_connection_is_looked_through_by_schedule(desk: Desk) -> None:
    """And its event types are read."""
    outcomes = desk.run(FindMissed(), SyncCalendars())
    kinds = {ran.kind for ran in desk.inline.ran}

    assert set(outcomes) == {"done"}
    assert {LOOK.kind, "appointments.connection.sync"} <= kinds


def test_a_company_without_calcom_is_passed_over(database: Database) -> None:
    """There is nothing to look at."""
    with opened(database) as desk:
        desk.database.query("DELETE FROM appointments.companies")
        assert desk.run(FindMissed(), SyncCalendars()) == ["done", "done"]


def test_a_refused_key_shows_with_its_connection(desk: Desk) -> None:
    """Somebody has revoked it."""
    desk.calcom.fail("bookings", status=401)
    assert desk.run(LOOK) == ["failed"]

    error = desk.database.value("SELECT last_error FROM appointments.connections WHERE id = %s", CONNECTION)
    assert "401" in error


def test_a_booking_found_late_takes_the_place_of_offers(desk: Desk) -> None:
    """Ours stood all the time; the customer is told, and what was offered is offered no more."""
    desk.calcom.lose("book", times=1)
    desk.calcom.lists(leave_out=list(range(50)))
    appointment_id = desk.want(workday(10))
    desk.chain(appointment_id)
    desk.inline.drain()
    for seconds in (10, 30, 60, 300):
        desk.travel(seconds)
    assert desk.get(appointment_id).state is State.OFFERED

    desk.calcom.lists()
    desk.run(LOOK)

    assert (desk.get(appointment_id).state, desk.letters()) == (State.BOOKED, ["offer", "confirmed"])
    assert desk.reminders() == [timedelta(days=1), timedelta(hours=1)]


def test_a_booking_that_nobody_works_on_any_more_frees_its_time(desk: Desk) -> None:
    """Its message was discarded, or killed its worker each time. Found at the provider it would stand."""
    forgotten, fresh = desk.want(workday(10)), desk.want(workday(12))
    desk.database.query("UPDATE appointments.appointments SET state = 'booking'")
    desk.database.query(
        "UPDATE appointments.appointments SET updated_at = updated_at - interval '4 hours' WHERE id = %s", forgotten
    )
    desk.run(LOOK)

    assert [desk.get(one).state for one in (forgotten, fresh)] == [State.FAILED, State.BOOKING]
    assert desk.get(desk.book(workday(10))).state is State.BOOKED
