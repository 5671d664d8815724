"""Webhooks of Cal.com, in whatever order they come, and what is made of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.appointments.domain.appointments import State
from shared.contracts.appointments import BookAppointment, ReadStoredCalendarEvent
from shared.contracts.webhooks import CalcomEventReceived
from shared.ids import new_id
from tests.integration.appointments.desk import CONNECTION, CONSULTATION, Desk, heard, opened, workday
from tests.support.databases import Database


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    with opened(database) as found:
        yield found


def test_a_booking_that_is_not_ours_becomes_an_appointment(desk: Desk) -> None:
    """Without a call. Cal.com itself writes to its customer, so we do not."""
    booking = desk.calcom.book(workday(10))
    desk.hear_all()

    (appointment,) = desk.all()
    assert (appointment.state, appointment.booking_uid, appointment.call_id) == (State.BOOKED, booking["uid"], None)
    assert (appointment.service, appointment.name, appointment.email) == ("Check-up", "Walk In", "walk.in@example.org")
    assert (desk.events(), desk.letters(), desk.reminders()) == (["booked"], [], [])


def test_the_same_webhook_twice_changes_nothing(desk: Desk) -> None:
    """As Cal.com and the broker may send it."""
    desk.calcom.book(workday(10))
    (body,) = desk.webhooks
    desk.hear(body, body)

    assert (len(desk.all()), desk.events()) == (1, ["booked"])


def test_our_own_bookings_webhook_comes_before_the_answer(desk: Desk) -> None:
    """Known by our id in its metadata; the answer that follows adds nothing, and the chain goes on."""
    desk.calcom.lose("book", times=1)
    appointment_id = desk.want(workday(10))
    desk.chain(appointment_id)
    desk.inline.drain()
    desk.hear_all()
    assert desk.get(appointment_id).state is State.BOOKED

    desk.travel(10)

    assert len(desk.all()) == 1
    assert (desk.events(), desk.letters(), desk.calcom.counts()["book"]) == (["booked"], ["confirmed"], 1)


def test_our_own_booking_is_moved_before_the_answer_by_a_word_without_our_id(desk: Desk) -> None:
    """The move makes an appointment of its own; when the answer comes, ours takes its place."""
    desk.calcom.lose("book", times=1)
    appointment_id = desk.want(workday(10))
    desk.chain(appointment_id)
    desk.inline.drain()
    (made,) = desk.calcom.standing()
    desk.calcom.do(made["uid"], "reschedule", start=workday(12).isoformat(), forgets_metadata=True)
    desk.hear(desk.webhooks[-1])
    assert len(desk.all()) == 2

    desk.travel(10)

    (ours,) = desk.all()
    assert (ours.id, ours.state, ours.starts_at) == (appointment_id, State.BOOKED, workday(12))
    assert desk.letters() == ["confirmed"]


def test_a_move_changes_uid_and_time_and_moves_the_reminders(desk: Desk) -> None:
    """Late words about the former uid belong to the same appointment, and are older."""
    appointment_id = desk.book(workday(10))
    former = str(desk.get(appointment_id).booking_uid)
    desk.calcom.do(former, "reschedule", start=workday(14).isoformat())
    created, moved = desk.webhooks
    desk.hear(moved, created, moved)

    appointment = desk.get(appointment_id)
    assert (appointment.state, appointment.starts_at, appointment.moves) == (State.BOOKED, workday(14), 1)
    assert appointment.booking_uid not in {None, former}
    assert desk.events() == ["booked", "rescheduled"]
    assert desk.letters() == ["confirmed", "moved"]
    assert desk.reminders() == [timedelta(days=1), timedelta(hours=1)]
    assert len(desk.all()) == 1


def test_moves_that_come_in_reverse_end_where_the_last_one_led(desk: Desk) -> None:
    """Third before second before first."""
    uid = desk.calcom.book(workday(9))["uid"]
    for hour in (10, 11, 12):
        uid = desk.calcom.do(uid, "reschedule", start=workday(hour).isoformat())["uid"]
    desk.hear(*reversed(desk.webhooks))

    (appointment,) = desk.all()
    assert (appointment.starts_at, appointment.booking_uid, appointment.sequence) == (workday(12), uid, 3)


def test_a_move_that_must_be_confirmed_comes_as_a_request(desk: Desk) -> None:
    """BOOKING_REQUESTED with `rescheduleUid` is a move as well."""
    appointment_id = desk.book(workday(10), event_type=CONSULTATION)
    uid = str(desk.get(appointment_id).booking_uid)
    desk.hear_all()
    desk.calcom.do(uid, "confirm")
    desk.hear_all()
    desk.calcom.do(uid, "reschedule", start=workday(13).isoformat())
    assert desk.webhooks[-1]["triggerEvent"] == "BOOKING_REQUESTED"
    desk.hear_all()

    appointment = desk.get(appointment_id)
    assert (appointment.state, appointment.starts_at) == (State.REQUESTED, workday(13))
    assert desk.reminders() == []
    assert desk.events() == ["booked", "rescheduled"]


def test_a_cancellation_takes_the_reminders_back(desk: Desk) -> None:
    """And tells the customer why."""
    appointment_id = desk.book(workday(10))
    desk.calcom.do(str(desk.get(appointment_id).booking_uid), "cancel", cancellationReason="Die Praxis ist zu")
    desk.hear_all()

    appointment = desk.get(appointment_id)
    assert (appointment.state, appointment.reason) == (State.CANCELLED, "Die Praxis ist zu")
    assert (desk.events(), desk.letters(), desk.reminders()) == (
        ["booked", "cancelled"],
        ["confirmed", "cancelled"],
        [],
    )


def test_a_cancellation_before_the_booking_stays_one(desk: Desk) -> None:
    """Out of order: the word about its making is older."""
    uid = desk.calcom.book(workday(10))["uid"]
    desk.calcom.do(uid, "cancel")
    desk.hear(*reversed(desk.webhooks))

    (appointment,) = desk.all()
    assert (appointment.state, desk.events()) == (State.CANCELLED, [])


def test_a_cancelled_booking_that_is_moved_stands_again(desk: Desk) -> None:
    """Where the event type allows it."""
    appointment_id = desk.book(workday(10))
    desk.hear_all()
    uid = str(desk.get(appointment_id).booking_uid)
    desk.calcom.do(uid, "cancel")
    (cancelled,) = desk.webhooks
    desk.hear_all()
    again = {
        **cancelled["payload"], "uid": "again", "rescheduleUid": uid, "iCalSequence": 2, "status": "ACCEPTED",
        "startTime": workday(15).isoformat(), "endTime": workday(15, 30).isoformat(),
    }  # fmt: skip
    desk.hear({"triggerEvent": "BOOKING_RESCHEDULED", "createdAt": cancelled["createdAt"], "payload": again})

    appointment = desk.get(appointment_id)
    assert (appointment.state, appointment.starts_at, appointment.booking_uid) == (State.BOOKED, workday(15), "again")
    assert desk.events() == ["booked", "cancelled", "rescheduled"]
    assert desk.reminders() == [timedelta(days=1), timedelta(hours=1)]


def test_a_declined_request_is_told(desk: Desk) -> None:
    """The owner says no."""
    appointment_id = desk.book(workday(10), event_type=CONSULTATION)
    desk.calcom.do(str(desk.get(appointment_id).booking_uid), "decline", reason="We are away")
    desk.hear_all()

    assert (desk.get(appointment_id).state, desk.get(appointment_id).reason) == (State.REJECTED, "We are away")
    assert desk.letters() == ["requested", "cancelled"]


def test_absence_and_payment_are_noted(desk: Desk) -> None:
    """Also when they come before the booking is known: then they wait for it."""
    uid = desk.calcom.book(workday(10))["uid"]
    desk.calcom.do(uid, "absent")
    desk.calcom.do(uid, "paid")
    created, absent, paid = desk.webhooks
    assert desk.hear(absent, paid) == ["retry", "retry"]
    desk.hear(created)
    desk.travel(10)

    (appointment,) = desk.all()
    assert (appointment.state, appointment.is_paid) == (State.NO_SHOW, True)


def test_unknown_types_have_no_effect(desk: Desk) -> None:
    """MEETING_ENDED is flat; others may be invented tomorrow."""
    at = "2026-08-03T09:30:06.000Z"
    bodies: list[dict[str, Any]] = [
        {"triggerEvent": "MEETING_ENDED", "createdAt": at, "uid": "x"},
        {"triggerEvent": "BOOKING_TRANSMOGRIFIED", "createdAt": at, "payload": {"uid": 7}},
        {"triggerEvent": "PING", "createdAt": at, "payload": {}},
    ]

    assert desk.hear(*bodies) == ["done"] * 3
    assert desk.all() == []


def test_a_body_that_cannot_be_read_fails_with_its_field(desk: Desk) -> None:
    """And operations are alerted; nothing is half done."""
    desk.calcom.book(workday(10))
    (body,) = desk.webhooks
    body["payload"]["startTime"] = ["tomorrow"]

    assert desk.hear(body)[0] == "failed"
    assert "startTime" in str(desk.inline.ran[-1].error)
    assert desk.all() == []


def test_a_large_webhook_is_read_from_storage(desk: Desk) -> None:
    """The message names the key only."""
    desk.calcom.book(workday(10))
    (body,) = desk.webhooks
    desk.dependencies.storage.put("webhooks/big", orjson.dumps(body), "application/json")  # type: ignore[attr-defined] # the real storage over memory
    message = heard(body).model_copy(update={"data": None, "storage_key": "webhooks/big"})

    assert desk.run(message) == ["done", "done"]
    assert [ran.kind for ran in desk.inline.ran[-2:]] == [CalcomEventReceived.kind, ReadStoredCalendarEvent.kind]
    assert len(desk.all()) == 1


def test_an_unknown_event_type_has_the_calendar_read_anew(desk: Desk) -> None:
    """It was made since the last look."""
    desk.calcom.put_event_type(9, slug="new", title="New")
    desk.calcom.book(workday(10), event_type=9)
    desk.hear_all()

    assert desk.database.value("SELECT count(*) FROM appointments.event_types WHERE external_id = 9") == 1


def test_a_foreign_booking_takes_the_time_from_a_wanted_one(desk: Desk) -> None:
    """Known by its webhook, the time is held here as well."""
    desk.calcom.book(workday(10))
    desk.hear_all()
    appointment_id = desk.want(workday(10))
    desk.run(BookAppointment(appointment_id=appointment_id))

    assert desk.get(appointment_id).state is State.OFFERED
    assert "book" not in desk.calcom.counts()


def test_what_the_provider_lets_overlap_is_kept(desk: Desk) -> None:
    """Its calendar is the truth, also against our own constraint."""
    first = desk.calcom.book(workday(10))
    (body,) = desk.webhooks
    second = {**body, "payload": {**body["payload"], "uid": "second", "bookingId": 77, "iCalUID": "other"}}
    desk.hear(body, second)

    assert [one.booking_uid for one in desk.all()] == [first["uid"], "second"]
    assert {one.state for one in desk.all()} == {State.BOOKED}


def test_an_organisation_that_has_no_company_is_told_what_to_do(desk: Desk) -> None:
    """The connection of the settings serves nobody yet."""
    desk.database.query("DELETE FROM appointments.companies")
    desk.calcom.book(workday(10))
    (body,) = desk.webhooks

    assert desk.hear(body)[0] == "failed"
    assert "PUT /v1/company" in str(desk.inline.ran[-1].error)


def test_a_deleted_connection_is_heard_no_more(desk: Desk) -> None:
    """A late webhook of it fails with the reason."""
    desk.calcom.book(workday(10))
    (body,) = desk.webhooks

    assert desk.hear(body, connection_id=new_id())[0] == "failed"
    assert CONNECTION not in {one.connection_id for one in desk.all()}
