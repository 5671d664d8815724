"""Free times and reservations at the local Cal.com."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deploy.local.providers.client import Calcom
from tests.integration.providers.conftest import Api, message, utc, workday


def free(api: Api, **query: Any) -> list[str]:
    """The starts of one working day, in the order of the answer."""
    day = workday().date()
    asked: dict[str, Any] = {"eventTypeId": 1, "start": day, "end": day, "timeZone": "Europe/Berlin", **query}
    answer = api.ask("GET", "/v2/slots", **asked)
    assert answer.status == 200, answer.text
    return [slot["start"] for slots in answer.json()["data"].values() for slot in slots]


def test_slots_are_the_working_hours_less_what_is_booked(api: Api) -> None:
    """By date in the zone that was asked for, with its offset."""
    before = free(api)
    api.booked(workday())
    after = free(api)
    assert (len(before), len(after)) == (16, 15)
    assert datetime.fromisoformat(before[0]) == workday(9)
    assert set(before) - set(after) == {workday().isoformat(timespec="milliseconds")}


def test_a_free_slot_can_be_booked_and_no_other(api: Api) -> None:
    """What the list says holds: each of its times is accepted."""
    found = free(api)
    statuses = [api.book(datetime.fromisoformat(start)).status for start in found]
    assert (statuses, free(api)) == ([201] * 16, [])


def test_ranges_zones_and_days_without_slots(api: Api) -> None:
    """`format=range` adds the end; another zone has other dates; a Sunday has none: an empty object."""
    day = workday().date()
    asked: dict[str, Any] = {"eventTypeSlug": "check-up", "username": "jane", "start": day, "end": day}
    ranged = api.ask("GET", "/v2/slots", format="range", timeZone="Pacific/Auckland", **asked).json()["data"]
    sunday = workday(weekday=6).date()
    none = api.ask("GET", "/v2/slots", eventTypeId=1, start=sunday, end=sunday).json()["data"]
    first = next(iter(ranged.values()))[0]
    length = datetime.fromisoformat(first["end"]) - datetime.fromisoformat(first["start"])
    assert (length, none, len(ranged)) == (timedelta(minutes=30), {}, 2)
    assert first["start"].endswith(("+12:00", "+13:00"))


def test_the_clocks_may_change(calcom: Calcom, api: Api) -> None:
    """A host who works on a night of change has an hour more or less; slots are real moments."""
    calcom.put_host(1, hours=[{"days": ["Sunday"], "start": "00:00", "end": "04:00"}])
    berlin = ZoneInfo("Europe/Berlin")
    counts = {}
    for name, month in (("spring", 3), ("autumn", 10)):
        last = max(
            datetime(datetime.now(UTC).year + 1, month, day, tzinfo=berlin)
            for day in range(25, 32)
            if datetime(datetime.now(UTC).year + 1, month, day, tzinfo=berlin).weekday() == 6
        )
        asked = {"start": utc(last), "end": utc(last + timedelta(hours=12)), "timeZone": "Europe/Berlin"}
        slots = api.ask("GET", "/v2/slots", eventTypeId=1, **asked).json()["data"]
        counts[name] = sum(len(found) for found in slots.values())
    assert counts == {"spring": 6, "autumn": 10}


def test_a_reserved_slot_is_hidden_until_it_runs_out(calcom: Calcom, api: Api) -> None:
    """Reserved once; 422 for others and for what is booked; free again after its minutes."""
    body = {"eventTypeId": 1, "slotStart": utc(workday()), "reservationDuration": 5}
    first, second = (api.ask("POST", "/v2/slots/reservations", body) for _ in range(2))
    hidden = len(free(api))
    calcom.advance(301)
    shown, third = len(free(api)), api.ask("POST", "/v2/slots/reservations", body)
    api.booked(workday(11))
    booked = api.ask("POST", "/v2/slots/reservations", {**body, "slotStart": utc(workday(11))})
    assert [answer.status for answer in (first, second, third, booked)] == [201, 422, 201, 422]
    assert (hidden, shown) == (15, 16)
    assert message(second).startswith("This time slot is already reserved")
    assert message(booked) == "Can't reserve a slot if the event is already booked."


def test_who_names_a_reservation_is_held_to_its_order(api: Api) -> None:
    """Another's reservation refuses, one's own is used up by the booking; it can be given back."""
    path = "/v2/slots/reservations"
    held = api.ask("POST", path, {"eventTypeId": 1, "slotStart": utc(workday())}).json()["data"]["reservationUid"]
    other = api.book(workday(), reservedSlotUid="of-somebody-else")
    mine = api.book(workday(), reservedSlotUid=held)
    gone = api.ask("GET", f"{path}/{held}").json()["data"]
    second = api.ask("POST", path, {"eventTypeId": 1, "slotStart": utc(workday(11))}).json()["data"]["reservationUid"]
    released = api.ask("DELETE", f"{path}/{second}")
    assert (other.status, mine.status, gone, released.status) == (400, 201, None, 200)
    assert message(other).startswith("Someone else reserved this booking time slot before you.")
    assert len(free(api)) == 15


def test_a_moved_booking_does_not_hide_its_own_time(api: Api) -> None:
    """`bookingUidToReschedule` counts it as free."""
    made = api.booked(workday())
    assert (len(free(api)), len(free(api, bookingUidToReschedule=made["uid"]))) == (15, 16)
