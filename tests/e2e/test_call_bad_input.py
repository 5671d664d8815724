"""What agents, callers and forgers may send: refused, recorded for people who can mend it, or taken as it is meant."""

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from deploy.local.demo.calls import ZONE, Accounts
from tests.e2e.running import RunningStack
from tests.e2e.telephone import Telephone
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def telephone(stack: RunningStack) -> Telephone:
    """The practice, set up."""
    accounts = Accounts.of_stack(stack.env)
    assert accounts is not None, stack.env
    found = Telephone(stack, accounts, first_week=30)
    found.set_up()
    return found


def _spring_gap() -> str:
    """Half past two in the night in which Berlin's clocks go from two to three."""
    days = (datetime(datetime.now(ZONE).year + 1, 3, day, 2, 30) for day in range(25, 32))  # noqa: DTZ001 - as it is said
    return next(day for day in days if day.weekday() == 6).isoformat()


def _tomorrow(hour: int) -> str:
    return (datetime.now(ZONE) + timedelta(days=30)).strftime(f"%Y-%m-%dT{hour:02d}:00:00")


TROUBLE: dict[str, tuple[dict[str, Any], str]] = {
    "no time": ({"preferred_start": None}, "no_time"),
    "a time in the past": ({"preferred_start": "2020-01-07T10:00:00"}, "time_in_past"),
    "a time that does not exist": ({"preferred_start": _spring_gap()}, "time_does_not_exist"),
    "a time that nobody understands": ({"preferred_start": "when the moon is full"}, "unreadable_time"),
    "an unknown service": ({"event_type_slug": "car wash"}, "unknown_service"),
    "a time of a wrong type": ({"preferred_start": {"at": ["ten"]}}, "wrong_type"),
    "no, and a time": ({"appointment_requested": False}, "contradiction"),
}


@pytest.mark.parametrize("what", TROUBLE)
def test_what_cannot_be_booked_waits_for_people(telephone: Telephone, what: str) -> None:
    """A named problem, nothing at Cal.com; put right by people, it is booked."""
    changes, problem = TROUBLE[what]
    start = telephone.next_time()
    analysis = {**telephone.analysis(start, telephone.caller()), **changes}
    analysis = {name: value for name, value in analysis.items() if value is not None}
    call_id = telephone.retell.end_call({"analysis": analysis})
    call = telephone.outcome(call_id, "needs_attention")
    mend = {"starts_at": start.isoformat(), "service": "check-up", "wants_appointment": True}
    telephone.stack.shop.post(f"/v1/calls/{call['id']}/request", mend, expected=202)
    mended = telephone.outcome_after_mending(call_id)
    assert (call["problem"], call["appointment_ids"]) == (problem, [])
    assert (mended["outcome"], len(telephone.standing(mended["appointment_ids"][0]))) == ("booked", 1)


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ({"call_status": "not_connected", "disconnection_reason": "dial_no_answer"}, "not_connected"),
        ({"disconnection_reason": "abducted_by_aliens", "analysis": {"appointment_requested": False}}, "no_request"),
        ({"analysis": {"appointment_requested": False}}, "no_request"),
    ],
)
def test_calls_without_a_request_go_no_further(telephone: Telephone, call: dict[str, Any], outcome: str) -> None:
    """Recorded with their reason, also one that nobody has heard of; no appointment, no letter."""
    call_id = telephone.retell.end_call(call)
    found = telephone.outcome(call_id, outcome)
    assert found["appointment_ids"] == []
    assert found["disconnection_reason"] == call.get("disconnection_reason", "user_hangup")


@pytest.mark.parametrize("number", [None, "anonymous", "Restricted", "030 1112233", "", "+999"])
def test_whatever_number_a_caller_has(telephone: Telephone, number: str | None) -> None:
    """Withheld, without a country, impossible: with an address it is booked all the same."""
    caller = telephone.caller()
    call = {"from_number": number, "analysis": telephone.analysis(telephone.next_time(), caller)}
    found = telephone.outcome(telephone.retell.end_call(call), "booked")
    assert len(telephone.mails(caller)) == 1
    assert telephone.appointment_of(found)["state"] == "booked"


def test_nobody_can_be_reached(telephone: Telephone) -> None:
    """No number, no address: people have to look at it."""
    analysis = telephone.analysis(telephone.next_time(), "", customer_email=None)
    call_id = telephone.retell.end_call({"from_number": None, "analysis": analysis})
    assert telephone.outcome(call_id, "needs_attention")["problem"] == "no_contact"


def test_text_beyond_ascii_stays_as_it_was(telephone: Telephone) -> None:
    """Signed over bytes that change when parsed and written again; name, service and words as they were said."""
    caller = telephone.caller()
    analysis = telephone.analysis(
        telephone.next_time(), caller, customer_name="Zoë O'Brien-Müller 🦷", event_type_slug="Kontrolle"
    )
    talk = [["agent", "Grüß Gott!"], ["user", "Ich hätte gern einen Termin — für »morgen«."]]
    call = telephone.outcome(telephone.retell.end_call({"analysis": analysis, "talk": talk}), "booked")
    assert telephone.appointment_of(call)["name"] == "Zoë O'Brien-Müller 🦷"
    assert "Ich hätte gern einen Termin — für »morgen«." in call["transcript"]


def test_an_event_type_that_has_vanished(telephone: Telephone) -> None:
    """Known here, gone there: somebody has to look at the call, and nothing stands."""
    telephone.calcom.put_event_type(77, slug="short-lived", title="Short-lived", hosts=[2])
    self_id = _connection(telephone)
    telephone.stack.shop.post(f"/v1/connections/{self_id}/sync", {}, expected=202)
    known = "SELECT count(*) FROM appointments.event_types WHERE slug = 'short-lived'"
    wait_for(lambda: telephone.stack.value(known), 20, "the event type")
    telephone.calcom.remove_event_type(77)
    analysis = telephone.analysis(telephone.next_time(), telephone.caller(), event_type_slug="short-lived")
    call_id = telephone.retell.end_call({"analysis": analysis})

    def looked_at() -> dict[str, Any] | None:
        call = telephone.find(call_id)
        return call if call and call["outcome"] in {"needs_attention", "failed"} else None

    call = wait_for(looked_at, 30, "the call to wait for people") or {}
    assert (call["problem"] is not None, telephone.calcom.violations()) == (True, [])


def _connection(telephone: Telephone) -> str:
    connections = telephone.stack.shop.get("/v1/connections")["data"]
    return str(next(each["id"] for each in connections if each["provider"] == "calcom"))


def _body() -> bytes:
    return json.dumps({"event": "call_ended", "call": {"call_id": uuid4().hex}}).encode()


def _retell(telephone: Telephone, body: bytes, header: str | None) -> tuple[int, str]:
    headers = {} if header is None else {"X-Retell-Signature": header}
    url = f"{telephone.stack.env['BELLHOP_URL']}/webhooks/retell"
    answer = httpx2.post(url, content=body, headers=headers, timeout=20)
    return answer.status_code, answer.json().get("code", "")


def _signed(telephone: Telephone, body: bytes, milliseconds: int) -> str:
    key = telephone.stack.env["APPOINTMENTS_RETELL_API_KEY"].encode()
    return f"v={milliseconds},d={hmac.new(key, body + str(milliseconds).encode(), hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_early_signature_is_refused(telephone: Telephone, seconds: int) -> None:
    """Five minutes either way."""
    body, at = _body(), int((time.time() + seconds) * 1000)
    assert _retell(telephone, body, _signed(telephone, body, at)) == (401, "bad_signature")


@pytest.mark.parametrize("header", [None, "", "please", "v=1", f"v=1,d={'0' * 63}", f"v=-1,d={'0' * 64}"])
def test_a_signature_of_the_wrong_form_is_malformed(telephone: Telephone, header: str | None) -> None:
    """400, whatever the body."""
    assert _retell(telephone, _body(), header) == (400, "malformed_webhook")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event": "call_ended"}', b'{"call": {}}', b"\xff\xfe", b'{"event":'])
def test_a_signed_body_that_is_no_event_is_refused(telephone: Telephone, body: bytes) -> None:
    """Malformed, whoever signed it."""
    header = _signed(telephone, body, int(time.time() * 1000))
    assert _retell(telephone, body, header) == (400, "malformed_webhook")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, (400, "malformed_webhook")),
        ("no-secret-provided", (401, "bad_signature")),
        ("0" * 64, (401, "bad_signature")),
    ],
)
def test_cal_coms_webhooks_have_to_be_signed(
    telephone: Telephone, header: str | None, expected: tuple[int, str]
) -> None:
    """Also where Cal.com says that it has no secret."""
    headers = {} if header is None else {"X-Cal-Signature-256": header}
    url = f"{telephone.stack.env['BELLHOP_URL']}/webhooks/calcom"
    answer = httpx2.post(url, content=b'{"triggerEvent":"BOOKING_CREATED"}', headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == expected


@pytest.mark.parametrize("source", ["retell", "calcom"])
def test_an_unknown_connection_does_not_exist(telephone: Telephone, source: str) -> None:
    """404, before anything is read."""
    url = f"{telephone.stack.env['BELLHOP_URL']}/webhooks/{source}/{uuid4()}"
    assert httpx2.post(url, content=b"{}", timeout=20).status_code == 404
