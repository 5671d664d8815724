"""`/v1/calls`: what was said, what was read from it, and people who put it right."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.appointments.calls.clinic import Clinic, analysed, ended, wanted_time
from tests.integration.appointments.front import Front


@pytest.fixture
def key(front: Front, clinic: Clinic) -> str:
    """A key of the clinic's organisation."""
    organisation_id, key = front.key("Clinic")
    clinic.database.query(
        "WITH a AS (UPDATE appointments.connections SET organisation_id = %s), "
        "b AS (UPDATE appointments.event_types SET organisation_id = %s) "
        "UPDATE appointments.companies SET organisation_id = %s",
        *[organisation_id] * 3,
    )
    clinic.organisation_id = organisation_id
    return key


@pytest.fixture
def clinic(front: Front) -> Clinic:
    """On the gateway's database."""
    found = Clinic(front.database)
    found.set_up()
    found.open_calendar()
    return found


def call_id(clinic: Clinic) -> UUID:
    return UUID(str(clinic.calls("id")[0][0]))


def test_a_call_shows_all_that_is_known(front: Front, key: str, clinic: Clinic) -> None:
    """Transcript, analysis, what was read from where, its customer and its appointment."""
    clinic.hear("call_analyzed", analysed())
    shown = front.call("GET", f"/v1/calls/{call_id(clinic)}", key=key).body
    assert (shown["outcome"], shown["problem"], shown["from_number"]) == ("booked", None, "+12137771234")
    assert shown["request"]["facts"]["name"] == {
        "value": "Zoë Doe",
        "source": "custom_analysis_data.customer_name",
        "raw": "Zoë Doe",
    }
    assert shown["request"]["words"] == ["A check-up in a week at ten, please."]
    assert shown["appointment_ids"] == [str(row[0]) for row in clinic.appointments("id")]
    assert "User: A check-up" in shown["transcript"]


def test_a_call_that_was_not_analysed_is_shown_too(front: Front, key: str, clinic: Clinic) -> None:
    """Without a request."""
    clinic.hear("call_ended", ended())
    shown = front.call("GET", f"/v1/calls/{call_id(clinic)}", key=key).body
    assert (shown["outcome"], shown["request"], shown["appointment_ids"]) == ("awaiting_analysis", None, [])


def test_calls_are_listed_newest_first_in_pages(front: Front, key: str, clinic: Clinic) -> None:
    """And by their outcome."""
    for number in range(3):
        clinic.hear("call_analyzed", analysed(f"c{number}", {"preferred_start": None} if number == 1 else {}))
    first = front.call("GET", "/v1/calls?limit=2", key=key).body
    second = front.call("GET", f"/v1/calls?limit=2&cursor={first['next_cursor']}", key=key).body
    assert [one["external_id"] for one in first["data"] + second["data"]] == ["c2", "c1", "c0"]
    wanting = front.call("GET", "/v1/calls?outcome=needs_attention", key=key).body["data"]
    assert [(one["external_id"], one["problem"]) for one in wanting] == [("c1", "no_time")]
    assert front.call("GET", "/v1/calls?since=2999-01-01T00:00:00Z", key=key).body["data"] == []
    assert front.call("GET", "/v1/calls?outcome=lost", key=key).status == 422


def test_another_organisation_s_call_is_not_there(front: Front, key: str, clinic: Clinic) -> None:
    """Neither to see nor to mend."""
    clinic.hear("call_analyzed", analysed(analysis={"preferred_start": None}))
    other, path = front.key("Other")[1], f"/v1/calls/{call_id(clinic)}"
    assert front.call("GET", path, key=other).status == 404
    assert front.call("POST", f"{path}/request", {}, key=other).status == 404
    assert front.call("GET", "/v1/calls", key=other).body["data"] == []
    assert front.call("GET", f"/v1/calls/{uuid4()}", key=key).status == 404


def test_people_mend_a_request(front: Front, key: str, clinic: Clinic) -> None:
    """Accepted at once; what came of it is seen at the call. Sent twice with one key it is done once."""
    clinic.hear("call_analyzed", analysed(analysis={"preferred_start": "some day"}))
    path = f"/v1/calls/{call_id(clinic)}"
    body = {"starts_at": f"{wanted_time()}+00:00", "email": "Ann@Example.com"}
    headers = {"Idempotency-Key": str(uuid4())}
    answers = [front.call("POST", f"{path}/request", body, headers, key=key) for _ in range(2)]
    assert [(one.status, one.body["outcome"]) for one in answers] == [(202, "working")] * 2
    clinic.inline.drain()
    shown = front.call("GET", path, key=key).body
    assert (shown["outcome"], shown["request"]["email"]) == ("booked", "ann@example.com")
    assert shown["request"]["facts"]["starts_at"]["source"] == "people"


def test_a_call_that_is_booked_is_not_mended(front: Front, key: str, clinic: Clinic) -> None:
    """409, by name."""
    clinic.hear("call_analyzed", analysed())
    answered = front.call("POST", f"/v1/calls/{call_id(clinic)}/request", {}, key=key)
    assert (answered.status, answered.body["code"]) == (409, "call_busy")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"starts_at": "2026-08-04T10:00:00"}, "validation_failed"),
        ({"starts_at": "next Tuesday"}, "validation_failed"),
        ({"email": "nobody"}, "validation_failed"),
        ({"length": 1}, "validation_failed"),
        ({"name": "a\nb"}, "validation_failed"),
        ({"language": "deutsch"}, "validation_failed"),
        ({"when": "now"}, "unknown_field"),
    ],
)
def test_what_people_give_is_checked(front: Front, key: str, clinic: Clinic, body: dict[str, Any], code: str) -> None:
    """A time has its offset; unknown names are refused."""
    clinic.hear("call_analyzed", analysed(analysis={"preferred_start": None}))
    answered = front.call("POST", f"/v1/calls/{call_id(clinic)}/request", body, key=key)
    assert (answered.status, answered.body["code"]) == (422, code)


def test_calls_are_counted_by_day_and_outcome(front: Front, key: str, clinic: Clinic) -> None:
    """On the day that it is where the company is."""
    clinic.hear("call_analyzed", analysed("c1"))
    clinic.hear("call_analyzed", analysed("c2", {"preferred_start": None}))
    clinic.hear("call_analyzed", analysed("c3", {"preferred_start": None}))
    ((day,),) = clinic.database.query("SELECT DISTINCT day FROM appointments.counted_calls")
    counted = front.call("GET", f"/v1/call-counts?first={day}&last={day}", key=key).body
    assert counted == {"data": [{"day": str(day), "outcomes": {"booked": 1, "needs_attention": 2}}]}
    other = front.call("GET", f"/v1/call-counts?first={day}&last={day}", key=front.key("Other")[1])
    assert other.body == {"data": []}


@pytest.mark.parametrize(
    "days", ["first=2026-02-01&last=2026-01-01", "first=2020-01-01&last=2026-01-01", "first=x&last=y"]
)
def test_days_that_cannot_be_shown_are_refused(front: Front, key: str, days: str) -> None:
    """Before the first, too many, no days."""
    assert front.call("GET", f"/v1/call-counts?{days}", key=key).status == 422
