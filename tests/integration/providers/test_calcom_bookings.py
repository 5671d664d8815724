"""Bookings at the local Cal.com: made, refused, moved and cancelled as at the original."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.providers.client import Calcom
from tests.integration.providers.conftest import Api, message, utc, workday

TAKEN = "User either already has booking at this time or is not available"


def test_a_booking_is_made_and_shown(calcom: Calcom, api: Api) -> None:
    """201 with everything that the original's answer has; our metadata comes back."""
    start = workday()
    made = api.booked(start, metadata={"appointment_id": "a1"})
    shown = api.ask("GET", f"/v2/bookings/{made['uid']}").json()["data"]
    assert shown == made
    assert (made["status"], made["duration"], made["metadata"]) == ("accepted", 30, {"appointment_id": "a1"})
    assert (made["start"], made["eventType"]["slug"]) == (utc(start).replace("Z", ".000Z"), "check-up")
    assert calcom.slots() == {"jane": {made["start"]: [made["uid"]]}}
    assert calcom.violations() == []


def test_a_taken_slot_is_a_400_with_the_originals_body(api: Api) -> None:
    """Not 409: the message is all that tells it from other faults. An overlap by a minute is enough."""
    api.booked(workday())
    same, late = api.book(workday()), api.book(workday() + timedelta(minutes=29))
    assert [(answer.status, message(answer)) for answer in (same, late)] == [(400, TAKEN)] * 2
    body = same.json()
    assert (body["status"], body["path"], body["error"]["code"]) == ("error", "/v2/bookings", "BadRequestException")
    assert body["error"]["details"] == {"message": TAKEN, "error": "Bad Request", "statusCode": 400}


def test_of_many_at_once_one_is_booked(calcom: Calcom, api: Api) -> None:
    """Overlap is per host: another host's time is not touched by it."""
    start = workday()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: api.book(start), range(32)))
    other = api.book(start, eventTypeId=3)
    assert sorted(answer.status for answer in answers) == [201] + [400] * 31
    assert (other.status, len(calcom.standing())) == (201, 2)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"start": "2020-01-07T09:00:00Z"}, 400, "Attempting to book a meeting in the past."),
        ({"start": "next Tuesday"}, 400, "start must be a valid ISO 8601 date string"),
        ({"start": None}, 400, "start must be a valid ISO 8601 date string"),
        ({"start": utc(workday(20))}, 400, TAKEN),
        ({"start": utc(workday(weekday=6))}, 400, TAKEN),
        ({"eventTypeId": 99}, 404, "Event type with id 99 not found."),
        ({"eventTypeId": None}, 400, "Either eventTypeId"),
        ({"eventTypeId": None, "eventTypeSlug": "spa", "username": "jane"}, 404, "slug spa belonging to user jane"),
        ({"attendee": None}, 400, "attendee should not be null"),
        ({"attendee": {"name": "Zoë", "timeZone": "Europe/Rome"}}, 400, "At least one contact method"),
        ({"attendee": {"email": "a@example.org", "timeZone": "Europe/Rome"}}, 400, "name must be a string"),
        ({"attendee": {"name": "Z", "email": "a@example.org", "timeZone": "CEST"}}, 400, "valid IANA time-zone"),
        ({"attendee": {"name": "Z", "email": "nobody", "timeZone": "UTC"}}, 400, "email must be an email"),
        ({"attendee": {"name": "Z", "phoneNumber": "0301234", "timeZone": "UTC"}}, 400, "Invalid phone number"),
        ({"metadata": {"key": 1}}, 400, "must be strings"),
        ({"metadata": {"key": "x" * 501}}, 400, "must be strings of at most 500"),
        ({"metadata": {"k" * 41: "x"}}, 400, "at most 40 characters"),
        ({"metadata": {str(number): "x" for number in range(51)}}, 400, "at most 50 keys"),
        ({"lengthInMinutes": 45}, 400, "does not have multiple possible lengths"),
        ({"eventTypeId": 3, "lengthInMinutes": 45}, 400, "The possible lengths are: 30, 60"),
        ({"notes": "please"}, 400, "property notes should not exist"),
    ],
)
def test_what_is_not_right_is_refused(
    calcom: Calcom, api: Api, changes: dict[str, Any], status: int, says: str
) -> None:
    """In the original's words, and nothing is booked."""
    answer = api.book(workday(), **changes)
    assert (answer.status, calcom.bookings()) == (status, [])
    assert says in message(answer)


def test_notice_window_and_required_fields_are_checked(calcom: Calcom, api: Api) -> None:
    """Too soon and too far away have one message; a required field of the type has its own."""
    calcom.put_event_type(1, notice=60 * 24 * 30)
    soon = api.book(workday())
    calcom.put_event_type(1, notice=0, window_days=3)
    far = api.book(workday())
    calcom.put_event_type(1, window_days=None, fields=["insurance"])
    bare, full = api.book(workday()), api.book(workday(), bookingFieldsResponses={"insurance": "public"})
    assert all("too soon" in message(answer) for answer in (soon, far))
    assert "Missing required booking field response: insurance" in message(bare)
    assert [answer.status for answer in (soon, far, bare, full)] == [400, 400, 400, 201]


def test_moving_makes_another_uid(api: Api) -> None:
    """The former booking is cancelled and names the new one; moved again or cancelled, it is refused with that name."""
    former = api.booked(workday(), metadata={"appointment_id": "a1"})
    path = f"/v2/bookings/{former['uid']}/reschedule"
    moved = api.ask("POST", path, {"start": utc(workday(11)), "reschedulingReason": "ill"})
    new = moved.json()["data"]
    again = api.ask("POST", path, {"start": utc(workday(12))})
    old = api.ask("GET", f"/v2/bookings/{former['uid']}").json()["data"]
    freed = api.book(workday())
    assert (moved.status, new["uid"] != former["uid"], new["rescheduledFromUid"]) == (201, True, former["uid"])
    assert (new["metadata"], new["icsUid"]) == ({"appointment_id": "a1"}, former["icsUid"])
    assert (old["status"], old["rescheduledToUid"], freed.status) == ("cancelled", new["uid"], 201)
    assert (again.status, f"already to booking with uid={new['uid']}" in message(again)) == (400, True)


def test_a_booking_may_move_onto_its_own_time(api: Api) -> None:
    """By a quarter of an hour: it does not stand in its own way, but in that of others."""
    first, second = api.booked(workday()), api.booked(workday(11))
    moved = api.ask("POST", f"/v2/bookings/{first['uid']}/reschedule", {"start": utc(workday(10, 15))})
    taken = api.ask("POST", f"/v2/bookings/{second['uid']}/reschedule", {"start": utc(workday(10, 30))})
    assert (moved.status, taken.status, message(taken)) == (201, 400, TAKEN)


def test_cancelling_gives_the_time_free_once(calcom: Calcom, api: Api) -> None:
    """Cancelled twice, unknown, moved after it: refused."""
    made = api.booked(workday())
    path = f"/v2/bookings/{made['uid']}"
    answers = [api.ask("POST", f"{path}/cancel", {"cancellationReason": "ill"}) for _ in range(2)]
    unknown = api.ask("POST", "/v2/bookings/nobody/cancel", {})
    moved = api.ask("POST", f"{path}/reschedule", {"start": utc(workday(11))})
    assert [answer.status for answer in (*answers, unknown, moved)] == [200, 400, 404, 400]
    assert answers[0].json()["data"]["cancellationReason"] == "ill"
    assert "because it has been cancelled already" in message(answers[1])
    assert "because it has been cancelled. Please" in message(moved)
    assert (calcom.standing(), api.book(workday()).status) == ([], 201)


@pytest.mark.parametrize(("deed", "status"), [("confirm", "accepted"), ("decline", "rejected")])
def test_a_type_that_needs_confirmation_waits_for_it(api: Api, deed: str, status: str) -> None:
    """Pending until the host decides; decided once."""
    made = api.booked(workday(), eventTypeId=2)
    answers = [api.ask("POST", f"/v2/bookings/{made['uid']}/{deed}", {}) for _ in range(2)]
    assert (made["status"], answers[0].json()["data"]["status"]) == ("pending", status)
    assert [answer.status for answer in answers] == [200, 400]


def test_seats_share_a_booking(calcom: Calcom, api: Api) -> None:
    """As many as there are, in one booking with a seat each."""
    calcom.put_event_type(1, seats=2)
    first, second, third = (api.book(workday()) for _ in range(3))
    assert (first.status, second.status, third.status) == (201, 201, 400)
    assert first.json()["data"]["uid"] == second.json()["data"]["uid"]
    assert len({each["seatUid"] for each in calcom.bookings()[0]["attendees"]}) == 2


def test_a_recurring_type_answers_a_list(calcom: Calcom, api: Api) -> None:
    """One booking for each week."""
    calcom.put_event_type(1, occurrences=3)
    made = api.book(workday()).json()["data"]
    assert (len(made), len({each["uid"] for each in made})) == (3, 3)


def test_collective_and_round_robin_take_their_hosts(calcom: Calcom, api: Api) -> None:
    """All hosts of a collective type, the first free one of a round robin; the message is another one."""
    calcom.put_event_type(8, slug="both", title="Both", hosts=[1, 2], scheduling="collective")
    calcom.put_event_type(9, slug="either", title="Either", hosts=[1, 2], scheduling="roundRobin")
    answers = [api.book(workday(), eventTypeId=number) for number in (9, 8, 9, 9)]
    assert [answer.status for answer in answers] == [201, 400, 201, 400]
    assert message(answers[1]).startswith("One of the hosts either already has booking")
    assert {host: len(held) for host, held in calcom.slots().items()} == {"jane": 1, "john": 1}
