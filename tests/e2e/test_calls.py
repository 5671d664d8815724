"""Calls become appointments: over real processes, from Retell's webhook to the mail sink and back through its links."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from deploy.local.demo.calls import ZONE, Accounts, CallStory, calendar_file
from tests.e2e.running import RunningStack
from tests.e2e.telephone import Telephone, links_in, press
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def telephone(stack: RunningStack) -> Iterator[Telephone]:
    """The practice, set up. The providers have been asked for nothing wrong when its tests end."""
    accounts = Accounts.of_stack(stack.env)
    assert accounts is not None, stack.env
    found = Telephone(stack, accounts)
    found.set_up()
    yield found
    assert found.calcom.violations() == []
    assert found.retell.violations() == []


def test_the_second_act_is_told_to_its_end(stack: RunningStack, telephone: Telephone) -> None:
    """The story of `make demo`, which checks each of its steps."""
    told: list[str] = []
    CallStory(stack.shop, telephone.accounts, Path(stack.env["MAIL_DIR"]), told.append).tell()
    assert "arrived with its calendar file" in told[-1], told


@pytest.mark.parametrize(
    "events",
    [
        ["call_analyzed", "call_ended"],
        ["call_analyzed"],
        ["call_ended", "call_analyzed", "call_ended", "call_analyzed"],
    ],
)
def test_webhooks_in_any_order_and_number_book_once(telephone: Telephone, events: list[str]) -> None:
    """One call, one appointment, one booking, one letter."""
    caller, start = telephone.caller(), telephone.next_time()
    call_id = telephone.retell.end_call({"analysis": telephone.analysis(start, caller)}, events=events)
    call = telephone.outcome(call_id, "booked")
    telephone.mails(caller)
    count = "SELECT count(*) FROM appointments.appointments WHERE call_id = %s"
    assert telephone.stack.value(count, call["id"]) == 1
    assert len(telephone.standing(call["appointment_ids"][0])) == 1
    assert len(telephone.mails(caller)) == 1


def test_an_analysis_that_never_comes_is_asked_for(telephone: Telephone) -> None:
    """Only `call_ended` was told; the look at Retell, which is due later, is made now."""
    caller, start = telephone.caller(), telephone.next_time()
    call_id = telephone.retell.end_call({"analysis": telephone.analysis(start, caller)}, events=["call_ended"])
    telephone.outcome(call_id, "awaiting_analysis")
    telephone.look_now()
    assert telephone.appointment_of(telephone.outcome(call_id, "booked"))["state"] == "booked"


def test_a_letter_has_a_calendar_file_that_fits(telephone: Telephone) -> None:
    """The right moment in UTC, in the company's own time in the text, and a stable uid."""
    start = telephone.next_time()
    appointment, caller = telephone.book(start)
    (mail,) = telephone.mails(caller)
    file = calendar_file(mail)
    body = mail.get_body(("plain",))
    assert f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" in file
    assert appointment["id"] in file
    assert body is not None
    assert f"{start:%H:%M}" in str(body.get_content())


def test_a_taken_time_is_answered_with_others_that_one_tap_books(telephone: Telephone) -> None:
    """Somebody else has the time: free ones are offered by mail. Looking at a link changes nothing; its button books."""
    start, caller = telephone.next_time(), telephone.caller()
    telephone.calcom.book(start)
    call_id = telephone.retell.end_call({"analysis": telephone.analysis(start, caller)})
    call = telephone.outcome(call_id, "offered")
    (offer,) = telephone.mails(caller)
    link = links_in(offer)[0]
    looked = [httpx2.get(link, timeout=20).status_code for _ in range(2)]
    untouched = telephone.appointment_of(call)["state"]
    pressed = press(link)
    booked = telephone.appointment(call["appointment_ids"][0], "booked")
    confirmation = telephone.mails(caller, 2)[-1]
    assert (looked, untouched, pressed.status_code) == ([200, 200], "offered", 200)
    assert len(telephone.standing(booked["id"])) == 1
    assert datetime.fromisoformat(booked["starts_at"]) != start
    assert "METHOD:REQUEST" in calendar_file(confirmation)


def test_an_appointment_is_moved_by_api(telephone: Telephone) -> None:
    """Cal.com has it under another uid at the new time; the calendar file has the same uid and a higher sequence."""
    appointment, caller = telephone.book()
    before = telephone.standing(appointment["id"])[0]
    telephone.mails(caller)
    start = telephone.next_time()
    body = {"starts_at": start.isoformat()}
    telephone.stack.shop.post(f"/v1/appointments/{appointment['id']}/reschedule", body, expected=202)
    first, second = (calendar_file(mail) for mail in telephone.mails(caller, 2))
    (after,) = telephone.standing(appointment["id"])
    assert after["uid"] != before["uid"]
    assert datetime.fromisoformat(after["start"]) == start
    assert _line(first, "UID") == _line(second, "UID")
    assert int(_line(second, "SEQUENCE")) > int(_line(first, "SEQUENCE"))


def test_an_appointment_is_cancelled_by_api(telephone: Telephone) -> None:
    """The time is free at Cal.com, and the letter takes the entry out of the customer's calendar."""
    appointment, caller = telephone.book()
    telephone.mails(caller)
    telephone.stack.shop.post(f"/v1/appointments/{appointment['id']}/cancel", {}, expected=202)
    telephone.appointment(appointment["id"], "cancelled")
    letter = telephone.mails(caller, 2)[-1]
    assert telephone.standing(appointment["id"]) == []
    assert "METHOD:CANCEL" in calendar_file(letter)


def test_what_the_owner_does_at_cal_com_is_followed(telephone: Telephone) -> None:
    """Moved there, then cancelled there: here the same, and the customer knows both."""
    appointment, caller = telephone.book()
    telephone.mails(caller)
    start = telephone.next_time()
    moved = telephone.calcom.do(telephone.standing(appointment["id"])[0]["uid"], "reschedule", start=start.isoformat())
    telephone.mails(caller, 2)
    there = telephone.appointment(appointment["id"], "booked")
    telephone.calcom.do(moved["uid"], "cancel", cancellationReason="The doctor is ill")
    letter = telephone.mails(caller, 3)[-1]
    assert datetime.fromisoformat(there["starts_at"]) == start
    assert telephone.appointment(appointment["id"], "cancelled")["id"] == appointment["id"]
    assert "METHOD:CANCEL" in calendar_file(letter)


def test_a_cancelled_appointment_is_not_moved(telephone: Telephone) -> None:
    """Asked for all the same, it is refused with a reason, and nothing stands."""
    appointment, caller = telephone.book()
    telephone.mails(caller)
    telephone.calcom.do(telephone.standing(appointment["id"])[0]["uid"], "cancel")
    telephone.appointment(appointment["id"], "cancelled")
    body = {"starts_at": telephone.next_time().isoformat()}
    refused = telephone.stack.shop.post(f"/v1/appointments/{appointment['id']}/reschedule", body, expected=409)
    assert (refused["status"], telephone.standing(appointment["id"])) == (409, [])


def test_a_booking_on_cal_coms_own_page_is_known_here(telephone: Telephone) -> None:
    """An appointment without a call; to its customer Cal.com itself writes."""
    made = telephone.calcom.book(telephone.next_time(), name="Walk In")
    found = "SELECT state FROM appointments.appointments WHERE booking_uid = %s AND call_id IS NULL"
    assert wait_for(lambda: telephone.stack.value(found, made["uid"]), 30, "the booking") == "booked"


def test_reminders_are_planned_and_go_with_the_appointment(telephone: Telephone) -> None:
    """A day and an hour before; none is left when it is cancelled."""
    appointment, caller = telephone.book()
    telephone.mails(caller)
    planned = "SELECT minutes_before, message_id FROM appointments.reminders WHERE appointment_id = %s ORDER BY 1"
    reminders = wait_for(lambda: telephone.stack.query(planned, appointment["id"]), 20, "the reminders")
    waiting = "SELECT count(*) FROM messaging.scheduled WHERE message_id = ANY (%s)"
    messages = [message for _, message in reminders]
    before = telephone.stack.value(waiting, messages)
    telephone.stack.shop.post(f"/v1/appointments/{appointment['id']}/cancel", {}, expected=202)
    telephone.appointment(appointment["id"], "cancelled")
    assert ([minutes for minutes, _ in reminders], before) == ([60, 1440], 2)
    assert telephone.stack.value(waiting, messages) == 0


def test_two_calls_of_one_number_are_one_customer(telephone: Telephone) -> None:
    """Found by the number, whatever it was written like."""
    caller = telephone.caller()
    calls = [
        telephone.retell.end_call(
            {"from_number": number, "analysis": telephone.analysis(telephone.next_time(), caller)},
        )
        for number in ("+49301112233", "+49 30 1112233")
    ]
    customers = {telephone.outcome(call_id, "booked")["customer_id"] for call_id in calls}
    assert len(customers) == 1


def test_missed_calls_and_bookings_are_found(telephone: Telephone) -> None:
    """Neither Retell's nor Cal.com's webhook ever came: the look by schedule finds both."""
    caller, start = telephone.caller(), telephone.next_time()
    telephone.calcom.send_webhooks(never=True)
    try:
        made = telephone.calcom.book(telephone.next_time(), name="Silent Guest")
    finally:
        telephone.calcom.send_webhooks()
    call_id = telephone.retell.end_call({"analysis": telephone.analysis(start, caller)}, events=[])
    telephone.stack.console("schedules", "run", "appointments.find_missed")
    telephone.look_now()
    found = "SELECT state FROM appointments.appointments WHERE booking_uid = %s"
    assert telephone.outcome(call_id, "booked")["external_id"] == call_id
    assert wait_for(lambda: telephone.stack.value(found, made["uid"]), 30, "the missed booking") == "booked"


def test_an_hour_is_the_companys_own(telephone: Telephone) -> None:
    """A time without an offset is of the company's clock, in winter and in summer."""
    winter, summer = (_weekday_of(month) for month in (1, 7))
    found = {start: telephone.book(start)[0]["starts_at"] for start in (winter, summer)}
    assert {start: datetime.fromisoformat(shown) for start, shown in found.items()} == {
        winter: winter.astimezone(UTC),
        summer: summer.astimezone(UTC),
    }


def _weekday_of(month: int) -> datetime:
    """A Wednesday at eleven of that month next year, by Berlin's clock."""
    day = datetime(datetime.now(ZONE).year + 1, month, 15, 11, 0, tzinfo=ZONE)
    return day + timedelta(days=(2 - day.weekday()) % 7)


def _line(file: str, name: str) -> str:
    return next(line.partition(":")[2].strip() for line in file.splitlines() if line.startswith(f"{name}:"))
