"""The local Cal.com's manners: keys, versions, limits, lists, event types."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.providers.client import Calcom
from tests.integration.providers.conftest import CALCOM_KEY, Api, message, utc, workday


def pages(api: Api, **query: Any) -> Iterator[list[str]]:
    """The uids of each page."""
    cursor: dict[str, str] = {}
    while True:
        answer = api.ask("GET", "/v2/bookings", **query, **cursor)
        assert answer.status == 200, answer.text
        body = answer.json()
        yield [booking["uid"] for booking in body["data"]]
        if not body["pagination"]["hasMore"]:
            assert body["pagination"]["nextCursor"] is None
            return
        cursor = {"cursor": body["pagination"]["nextCursor"]}


def test_a_wrong_key_is_401(calcom: Calcom, api: Api) -> None:
    """And noted."""
    answer = Api(api.http, "cal_live_of_somebody").ask("GET", "/v2/event-types")
    assert (answer.status, answer.json()["error"]["code"]) == (401, "UnauthorizedException")
    assert calcom.violations() == [{"operation": "event_types", "what": "not authorized"}]


def test_accounts_do_not_see_each_other(calcom: Calcom, api: Api) -> None:
    """Each key has its own hosts, types and bookings."""
    calcom.add_account("cal_live_two")
    made = api.booked(workday())
    other = Api(api.http, "cal_live_two")
    assert other.ask("GET", f"/v2/bookings/{made['uid']}").status == 404
    assert (other.book(workday()).status, len(calcom.bookings(key="cal_live_two"))) == (201, 1)


@pytest.mark.parametrize("version", [None, "2024-08-13", "yesterday"])
def test_a_wrong_version_silently_gives_an_older_shape(calcom: Calcom, api: Api, version: str | None) -> None:
    """200, and something else than was meant: only what was noted tells."""
    day = workday().date()
    types = api.ask("GET", "/v2/event-types", version=version).json()["data"]
    slots = api.ask("GET", "/v2/slots", version=version, eventTypeId=1, startTime=day, endTime=day).json()["data"]
    assert ("eventTypeGroups" in types, "slots" in slots) == (True, True)
    assert [each["operation"] for each in calcom.violations()] == ["event_types", "slots"]


def test_bookings_in_older_versions(calcom: Calcom, api: Api) -> None:
    """The list: take and skip, or the oldest shape. Making one: older demands. Moving one: not there."""
    made = api.booked(workday())
    skipping = api.ask("GET", "/v2/bookings", version="2024-08-13").json()
    oldest = api.ask("GET", "/v2/bookings", version=None).json()["data"]
    body = {"start": utc(workday(11)), "eventTypeId": 1}
    refused = api.ask("POST", "/v2/bookings", body, version=None)
    missing = api.ask("POST", f"/v2/bookings/{made['uid']}/reschedule", {}, version=None)
    cancelled = api.ask("POST", f"/v2/bookings/{made['uid']}/cancel", {}, version="2024-06-14")
    assert (skipping["pagination"]["totalItems"], oldest["totalCount"]) == (1, 1)
    assert (refused.status, missing.status, cancelled.status) == (400, 404, 200)
    assert cancelled.json()["data"]["message"] == "Booking successfully cancelled."
    assert len(calcom.violations()) == 5


def test_the_limit_is_120_a_minute_for_each_key(calcom: Calcom, api: Api) -> None:
    """With the headers on every answer, and 429 with Retry-After beyond it. Another key has its own."""
    calcom.add_account("cal_live_two")
    answers = [api.ask("GET", "/v2/me") for _ in range(121)]
    other = Api(api.http, "cal_live_two").ask("GET", "/v2/me")
    first, last = answers[0], answers[-1]
    assert [answer.status for answer in answers] == [200] * 120 + [429]
    assert (first.headers["x-ratelimit-limit-default"], first.headers["x-ratelimit-remaining-default"]) == (
        "120",
        "119",
    )
    assert 0 < (last.retry_after or 0) <= 60
    assert (message(last), other.status) == ("ThrottlerException: Too Many Requests", 200)


def test_bookings_are_listed_by_one_status_and_page(calcom: Calcom, api: Api) -> None:
    """Forward in time for what is to come, backward for all; a second status in one request is refused."""
    made = [api.booked(workday(9) + timedelta(minutes=30 * number))["uid"] for number in range(7)]
    api.ask("POST", f"/v2/bookings/{made[3]}/cancel", {})
    pending = api.booked(workday(13), eventTypeId=2)["uid"]
    upcoming = list(pages(api, status="upcoming", limit=2))
    everything = [uid for found in pages(api, limit=3) for uid in found]
    assert upcoming == [made[:2], [made[2], made[4]], made[5:]]
    assert everything == [pending, *reversed(made)]
    assert list(pages(api, status="cancelled")) == [[made[3]]]
    assert list(pages(api, status="unconfirmed")) == [[pending]]
    assert api.ask("GET", "/v2/bookings", status="upcoming,unconfirmed").status == 400


def test_bookings_are_listed_by_time_type_and_address(calcom: Calcom, api: Api) -> None:
    """A filter that is not known is refused rather than passed over."""
    early, late = api.booked(workday(9))["uid"], api.booked(workday(15), eventTypeId=3)["uid"]
    around = {"afterStart": utc(workday(14)), "beforeEnd": utc(workday(16))}
    assert list(pages(api, **around)) == [[late]]
    assert list(pages(api, eventTypeId=1)) == [[early]]
    assert list(pages(api, attendeeEmail="nobody@example.org")) == [[]]
    assert api.ask("GET", "/v2/bookings", metadata="a1").status == 400


def test_lists_lag_page_small_and_leave_out(calcom: Calcom, api: Api) -> None:
    """The booking itself is there at once, whatever the list says."""
    made = [api.booked(workday(9) + timedelta(minutes=30 * number))["uid"] for number in range(3)]
    calcom.lists(lag=60)
    hidden, there = list(pages(api)), api.ask("GET", f"/v2/bookings/{made[0]}").status
    calcom.advance(61)
    calcom.lists(page_size=1)
    small = list(pages(api, status="upcoming"))
    calcom.lists(leave_out=[1])
    left_out = list(pages(api, status="upcoming"))
    assert (hidden, there) == ([[]], 200)
    assert (small, left_out) == ([[uid] for uid in made], [[made[0], made[2]]])


def test_event_types_change_and_vanish(calcom: Calcom, api: Api) -> None:
    """What was booked by a type that is gone stays."""
    made = api.booked(workday())
    calcom.put_event_type(7, slug="whitening", title="Whitening", length=45, hosts=[2])
    calcom.remove_event_type(1)
    slugs = [kind["slug"] for kind in api.ask("GET", "/v2/event-types").json()["data"]]
    gone = api.book(workday(11))
    assert slugs == ["consultation", "cleaning", "whitening"]
    assert (gone.status, api.ask("GET", f"/v2/bookings/{made['uid']}").status) == (404, 200)
    assert api.ask("GET", "/v2/event-types/7").json()["data"]["lengthInMinutes"] == 45


def test_schedules_and_owner_are_shown(api: Api) -> None:
    """Working hours with days and times of each host, and who the key belongs to."""
    schedules = api.ask("GET", "/v2/schedules").json()["data"]
    owner = api.ask("GET", "/v2/me").json()["data"]
    first = schedules[0]["availability"][0]
    assert (first["startTime"], first["endTime"], first["days"][0]) == ("09:00", "17:00", "Monday")
    assert (owner["username"], len(schedules)) == ("jane", 2)


def test_what_is_not_there_is_404_and_noted(calcom: Calcom, api: Api) -> None:
    """A misspelt path of a client is found by its test."""
    assert api.ask("POST", "/v2/booking", {}).status == 404
    assert calcom.violations() == [{"operation": "unknown", "what": "POST /v2/booking is not there"}]


def test_requests_can_be_asked_for(calcom: Calcom, api: Api) -> None:
    """With what they carried, so that tests can count."""
    api.booked(workday(), metadata={"appointment_id": "a1"})
    api.ask("GET", "/v2/me")
    (seen,) = calcom.requests("book")
    assert (seen["status"], seen["key"], '"appointment_id"' in seen["body"]) == (201, CALCOM_KEY, True)
    assert calcom.counts() == {"book": 1, "me": 1}
