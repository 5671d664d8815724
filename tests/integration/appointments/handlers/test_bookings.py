"""A wanted appointment becomes a booking, whatever the provider does and wherever it breaks off."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.appointments.domain.appointments import State
from shared.contracts.appointments import BookAppointment, SyncCalendar
from tests.integration.appointments.desk import CHECK_UP, CLEANING, CONNECTION, CONSULTATION, Desk, opened, workday
from tests.support.databases import Database


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with opened(database) as found:
        yield found


def test_a_free_time_is_booked_with_our_ids_and_confirmed(desk: Desk) -> None:
    """Reserved, booked, announced, confirmed, reminders planned; with the versions and fields that Cal.com checks."""
    appointment_id = desk.book(workday(10))

    appointment, (booking,) = desk.get(appointment_id), desk.calcom.standing()
    assert appointment.state is State.BOOKED
    assert (appointment.booking_uid, appointment.ical_uid) == (booking["uid"], booking["icsUid"])
    assert booking["metadata"]["appointment_id"] == str(appointment_id)
    assert booking["metadata"]["retell_call_id"].startswith("call_")
    assert desk.letters() == ["confirmed"]
    assert desk.events() == ["booked"]
    assert desk.reminders() == [timedelta(days=1), timedelta(hours=1)]
    assert desk.calcom.violations() == []


def test_every_message_delivered_twice_books_once(database: Database) -> None:
    """As a broker may do."""
    with opened(database, twice=True) as desk:
        desk.book(workday(10))
        assert (len(desk.calcom.standing()), desk.letters(), desk.events()) == (1, ["confirmed"], ["booked"])


def test_a_lost_answer_is_found_and_not_repeated(desk: Desk) -> None:
    """The booking was made; its answer was lost. It is looked up by our id before anything is repeated."""
    desk.calcom.lose("book", times=1)
    appointment_id = desk.want(workday(10))

    first = desk.run(BookAppointment(appointment_id=appointment_id))
    later = desk.travel(10)

    assert (first, [one.outcome for one in later]) == (["retry"], ["done"])
    assert desk.get(appointment_id).state is State.BOOKED
    assert desk.calcom.counts()["book"] == 1


def test_a_lagging_search_delays_but_does_not_repeat(desk: Desk) -> None:
    """Not found is not believed at once: the search may be behind."""
    desk.calcom.lose("book", times=1)
    desk.calcom.lists(lag=3600)
    appointment_id = desk.want(workday(10))
    desk.run(BookAppointment(appointment_id=appointment_id))
    assert desk.travel(10)[0].outcome == "retry"
    assert desk.travel(30)[0].outcome == "retry"

    desk.calcom.lists()
    desk.travel(60)

    assert desk.get(appointment_id).state is State.BOOKED
    assert desk.calcom.counts()["book"] == 1


def test_a_booking_that_the_search_leaves_out_is_not_taken_for_somebody_elses(desk: Desk) -> None:
    """Booked again after the lag it is "taken": by ourselves. That is doubted, and looked up again."""
    desk.calcom.lose("book", times=1)
    desk.calcom.lists(leave_out=[0])
    appointment_id = desk.want(workday(10))
    desk.run(BookAppointment(appointment_id=appointment_id))
    for seconds in (10, 30, 60):
        assert desk.travel(seconds)[0].outcome == "retry"

    desk.calcom.lists()
    desk.travel(300)

    assert desk.get(appointment_id).state is State.BOOKED
    assert len(desk.calcom.bookings()) == 1


def test_a_booking_on_a_later_page_is_found(desk: Desk) -> None:
    """The search is paged."""
    for minute in (0, 30):
        for hour in (11, 12):
            desk.calcom.book(workday(hour, minute))
    desk.calcom.lists(page_size=1)
    desk.calcom.lose("book", times=1)
    appointment_id = desk.want(workday(10))

    desk.run(BookAppointment(appointment_id=appointment_id))
    desk.travel(10)

    assert desk.get(appointment_id).state is State.BOOKED
    assert desk.calcom.counts()["book"] == 1


def test_what_surely_was_not_done_is_repeated_without_looking(desk: Desk) -> None:
    """A limit that was met says that nothing was booked. The slot that the first attempt reserved does not matter."""
    desk.calcom.fail("book", status=429, headers={"Retry-After": "7"}, times=1)
    appointment_id = desk.want(workday(10))

    assert desk.run(BookAppointment(appointment_id=appointment_id)) == ["retry"]
    desk.travel(30)
    desk.travel(30)

    assert desk.get(appointment_id).state is State.BOOKED
    assert "bookings" not in desk.calcom.counts()


def test_a_fault_of_the_provider_may_have_booked(desk: Desk) -> None:
    """An answer 500 after the work: the booking is found."""
    desk.calcom.fail("book", status=500, works=True, times=1)
    appointment_id = desk.want(workday(10))

    desk.run(BookAppointment(appointment_id=appointment_id))
    desk.travel(10)

    assert desk.get(appointment_id).state is State.BOOKED
    assert len(desk.calcom.bookings()) == 1


def test_a_taken_time_leads_to_the_next_free_ones(desk: Desk) -> None:
    """Taken on Cal.com's own page, which no webhook has told yet."""
    desk.calcom.book(workday(10))
    appointment_id = desk.book(workday(10))

    appointment = desk.get(appointment_id)
    (letter,) = desk.published("notifications.appointment.tell")
    offered = [slot["starts_at"] for slot in letter["slots"]]
    assert appointment.state is State.OFFERED
    assert letter["letter"] == "offer"
    assert offered == [
        (workday(10, 30) + timedelta(minutes=30 * n)).isoformat().replace("+00:00", "Z") for n in range(3)
    ]
    assert all(slot["url"].startswith("https://bellhop.example/a/") for slot in letter["slots"])


def test_a_time_that_another_of_ours_holds_is_not_asked_for(desk: Desk) -> None:
    """Our own constraint knows first; the second one asks only for what is free."""
    desk.book(workday(10))
    second = desk.book(workday(10, 0))

    assert desk.get(second).state is State.OFFERED
    assert desk.calcom.counts()["book"] == 1


def test_what_was_seen_free_a_moment_ago_is_offered_without_asking(desk: Desk) -> None:
    """Many who want one time at once cost one request."""
    desk.book(workday(10))
    for _ in range(3):
        desk.book(workday(10))

    assert [one.state for one in desk.all()] == [State.BOOKED, *[State.OFFERED] * 3]
    assert desk.calcom.counts()["slots"] == 1


def test_where_nothing_is_free_somebody_calls_back(desk: Desk) -> None:
    """The host does not work at all."""
    desk.calcom.put_host(1, hours=[])
    appointment_id = desk.book(workday(10))

    assert desk.get(appointment_id).state is State.FAILED
    assert desk.get(appointment_id).reason == "no_free_time"
    assert desk.letters() == ["call_back"]
    assert len(desk.published("notifications.operations.alert")) == 1


def test_what_needs_to_be_confirmed_is_requested(desk: Desk) -> None:
    """The customer hears that, and is confirmed only when the owner has confirmed."""
    appointment_id = desk.book(workday(10), event_type=CONSULTATION)
    assert (desk.get(appointment_id).state, desk.letters()) == (State.REQUESTED, ["requested"])

    desk.calcom.do(str(desk.get(appointment_id).booking_uid), "confirm")
    desk.hear_all()

    assert (desk.get(appointment_id).state, desk.letters()) == (State.BOOKED, ["requested", "confirmed"])
    assert desk.events() == ["booked"]


def test_an_event_type_with_several_lengths_is_told_which(desk: Desk) -> None:
    """The others refuse to be told."""
    appointment_id = desk.book(workday(10), event_type=CLEANING)

    assert desk.get(appointment_id).state is State.BOOKED
    assert desk.calcom.requests("book")[-1]["body"].count("lengthInMinutes") == 1


def test_an_event_type_that_vanished_ends_with_a_reason(desk: Desk) -> None:
    """Known to be gone, or found to be gone when it is booked."""
    first = desk.want(workday(10))
    second = desk.want(workday(12))
    desk.calcom.remove_event_type(CHECK_UP)

    assert desk.run(BookAppointment(appointment_id=first))[0] == "failed"
    assert desk.run(BookAppointment(appointment_id=second)) == ["failed"]

    assert [desk.get(one).state for one in (first, second)] == [State.FAILED] * 2
    assert [desk.get(one).reason for one in (first, second)] == ["not_at_provider", "event_type_not_found"]


def test_the_budget_of_requests_is_kept_and_nobody_is_lost(database: Database) -> None:
    """Whoever is over it waits for its turn without spending an attempt; the provider's own limit is never met."""
    with opened(database, calcom_per_minute=30) as desk:
        wanted = [desk.want(workday(9, 30 * (n % 2)) + timedelta(hours=n // 2)) for n in range(8)]
        for appointment_id in wanted:
            desk.publish(BookAppointment(appointment_id=appointment_id))
        first = desk.inline.drain()
        for _ in range(20):
            desk.travel(15)

        assert {one.outcome for one in first} == {"done", "snoozed"}
        assert {desk.get(one).state for one in wanted} == {State.BOOKED}
        assert desk.calcom.violations() == []


def test_a_failed_booking_can_be_retried_by_hand(desk: Desk) -> None:
    """The key was revoked; put right, the same message books."""
    desk.calcom.fail("reserve", status=401, times=1)
    appointment_id = desk.want(workday(10))
    assert desk.run(BookAppointment(appointment_id=appointment_id)) == ["failed"]
    assert desk.get(appointment_id).state is State.FAILED

    desk.run(BookAppointment(appointment_id=appointment_id))

    assert desk.get(appointment_id).state is State.BOOKED


def test_syncing_marks_what_is_gone_and_brings_it_back(desk: Desk) -> None:
    """Event types come and go."""
    desk.calcom.remove_event_type(CLEANING)
    desk.run(SyncCalendar(connection_id=CONNECTION))
    gone = desk.database.query("SELECT external_id FROM appointments.event_types WHERE gone_at IS NOT NULL")

    desk.calcom.put_event_type(CLEANING, slug="cleaning", title="Cleaning", hosts=[2])
    desk.run(SyncCalendar(connection_id=CONNECTION))

    assert gone == [(CLEANING,)]
    assert desk.database.value("SELECT count(*) FROM appointments.event_types WHERE gone_at IS NULL") == 3
