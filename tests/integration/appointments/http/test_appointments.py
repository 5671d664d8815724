"""`/v1/appointments` and `/v1/event-types`, asked over HTTP, with the local Cal.com behind them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from pydantic import SecretStr

from shared.ids import new_id
from tests.integration.appointments.desk import CHECK_UP, KEY, Desk, opened, workday
from tests.integration.appointments.front import Answered, Front, serving
from tests.support.databases import Database


@dataclass
class Practice:
    """The desk behind the counter, and the counter."""

    desk: Desk
    front: Front
    key: str

    def get(self, path: str, **query: str) -> Answered:
        asked = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        return self.front.call("GET", f"{path}?{asked}" if asked else path, key=self.key)

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Answered:
        return self.front.call("POST", path, body or {}, headers, key=self.key)

    def event_type(self, external_id: int = CHECK_UP) -> UUID:
        statement = "SELECT id FROM appointments.event_types WHERE external_id = %s"
        found: UUID = self.desk.database.value(statement, external_id)
        return found


@pytest.fixture
def practice(database: Database, tmp_path: Path) -> Iterator[Practice]:
    """An organisation with a key, whose company the desk serves."""
    with opened(database) as desk, serving(database, tmp_path) as front:
        organisation_id, key = front.key("Example Dental")
        for table in ("companies", "event_types", "hosts"):
            database.query(f"UPDATE appointments.{table} SET organisation_id = %s", organisation_id)
        desk.organisation_id = organisation_id
        front.configure(calcom_api_key=SecretStr(KEY), calcom_base_url=desk.calcom.url)
        yield Practice(desk, front, key)


def written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_an_appointment_is_shown_whole(practice: Practice) -> None:
    """As it stands."""
    appointment_id = practice.desk.book(workday(10))
    answer = practice.get(f"/v1/appointments/{appointment_id}")

    assert answer.status == 200
    assert answer.body["state"] == "booked"
    assert answer.body["starts_at"] == written(workday(10))
    assert answer.body["booking_uid"] == practice.desk.get(appointment_id).booking_uid
    assert (answer.body["changing"], answer.body["offered"]) == (None, [])


def test_a_list_is_paged_and_filtered(practice: Practice) -> None:
    """Newest first."""
    first, second = (practice.desk.book(workday(hour)) for hour in (9, 10))
    taken = practice.desk.book(workday(10))
    page = practice.get("/v1/appointments", limit="2")
    rest = practice.get("/v1/appointments", cursor=page.body["next_cursor"])
    booked = practice.get("/v1/appointments", state="booked", starts_from=written(workday(9, 30)))
    by_call = practice.get("/v1/appointments", call_id=str(practice.desk.get(first).call_id))

    assert [one["id"] for one in page.body["data"]] == [str(taken), str(second)]
    assert [one["id"] for one in rest.body["data"]] == [str(first)]
    assert [one["id"] for one in booked.body["data"]] == [str(second)]
    assert [one["id"] for one in by_call.body["data"]] == [str(first)]


def test_nobody_sees_or_changes_another_organisations(practice: Practice) -> None:
    """Not even that it is there."""
    appointment_id = practice.desk.book(workday(10))
    _, other = practice.front.key("Somebody else")
    asked = [
        practice.front.call("GET", f"/v1/appointments/{appointment_id}", key=other),
        practice.front.call("POST", f"/v1/appointments/{appointment_id}/cancel", {}, key=other),
        practice.front.call("GET", f"/v1/appointments/{appointment_id}/free-times", key=other),
        practice.front.call("GET", f"/v1/event-types/{practice.event_type()}/free-times", key=other),
        practice.front.call("GET", f"/v1/appointments/{new_id()}", key=practice.key),
    ]

    assert [answer.status for answer in asked] == [404] * 5
    assert practice.front.call("GET", "/v1/appointments", key=other).body["data"] == []


def test_cancelling_is_asked_for_and_then_done(practice: Practice) -> None:
    """202: the calendar is asked next."""
    appointment_id = practice.desk.book(workday(10))
    answer = practice.post(f"/v1/appointments/{appointment_id}/cancel", {"reason": "closed"})
    again = practice.post(f"/v1/appointments/{appointment_id}/cancel")
    practice.desk.inline.drain()

    assert (answer.status, answer.body["changing"], again.status) == (202, "cancel", 202)
    shown = practice.get(f"/v1/appointments/{appointment_id}").body
    assert (shown["state"], shown["changing"], shown["reason"]) == ("cancelled", None, "closed")
    assert practice.desk.calcom.standing() == []


def test_moving_is_asked_for_and_then_done(practice: Practice) -> None:
    """With any offset."""
    appointment_id = practice.desk.book(workday(10))
    wished = (workday(15)).astimezone(tz=None).isoformat()
    answer = practice.post(f"/v1/appointments/{appointment_id}/reschedule", {"starts_at": wished})
    practice.desk.inline.drain()

    assert (answer.status, answer.body["changing"]) == (202, "reschedule")
    shown = practice.get(f"/v1/appointments/{appointment_id}").body
    assert (shown["starts_at"], shown["moves"]) == (written(workday(15)), 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"starts_at": "2020-01-01T10:00:00Z"}, 422),
        ({"starts_at": "2099-01-01T10:00:00"}, 422),
        ({"starts_at": "soon"}, 422),
        ({}, 422),
        ({"starts_at": "2099-01-01T10:00:00Z", "why": "x"}, 422),
    ],
)
def test_wishes_that_cannot_be_are_refused(practice: Practice, body: dict[str, Any], status: int) -> None:
    """Before anybody is asked."""
    appointment_id = practice.desk.book(workday(10))
    assert practice.post(f"/v1/appointments/{appointment_id}/reschedule", body).status == status


def test_what_does_not_stand_is_not_moved(practice: Practice) -> None:
    """409, with a stable code."""
    practice.desk.book(workday(10))
    offered = practice.desk.book(workday(10))
    wanted = practice.desk.want(workday(12))
    body = {"starts_at": written(workday(15))}
    answers = [practice.post(f"/v1/appointments/{one}/reschedule", body) for one in (offered, wanted)]

    assert [(one.status, one.body["code"]) for one in answers] == [
        (409, "appointment_not_standing"),
        (409, "appointment_busy"),
    ]
    assert len(practice.get(f"/v1/appointments/{offered}").body["offered"]) == 3


def test_event_types_and_their_free_times(practice: Practice) -> None:
    """As Cal.com says now."""
    practice.desk.calcom.book(workday(10))
    kinds = practice.get("/v1/event-types").body["data"]
    free = practice.get(
        f"/v1/event-types/{practice.event_type()}/free-times", since=written(workday(9)), until=written(workday(11))
    )

    assert [kind["slug"] for kind in kinds] == ["check-up", "cleaning", "consultation"]
    assert free.body["starts"] == [written(workday(9)), written(workday(9, 30)), written(workday(10, 30))]


def test_free_times_for_a_move(practice: Practice) -> None:
    """Without its own."""
    appointment_id = practice.desk.book(workday(10))
    free = practice.get(
        f"/v1/appointments/{appointment_id}/free-times", since=written(workday(9, 30)), until=written(workday(11))
    )
    assert free.body["starts"] == [written(workday(9, 30)), written(workday(10, 30))]


@pytest.mark.parametrize("days", [-1, 90])
def test_a_span_that_cannot_be_is_refused(practice: Practice, days: int) -> None:
    """Neither backwards nor for ever."""
    until = workday(9) + timedelta(days=days)
    answer = practice.get(
        f"/v1/event-types/{practice.event_type()}/free-times", since=written(workday(9)), until=written(until)
    )
    assert (answer.status, answer.body["code"]) == (422, "span_not_possible")


def test_a_calendar_that_does_not_answer_is_503(practice: Practice) -> None:
    """And one that was asked too often."""
    practice.desk.calcom.fail("slots", status=502)
    path = f"/v1/event-types/{practice.event_type()}/free-times"
    assert practice.get(path).status == 503
    practice.front.configure(
        calcom_api_key=SecretStr(KEY), calcom_base_url=practice.desk.calcom.url, calcom_per_minute=1
    )
    practice.desk.calcom.behave()
    answers = [practice.get(path).status for _ in range(3)]
    assert answers[-1] == 503
