"""The local Retell: calls, lists, webhooks."""

import hashlib
import hmac
import re
import time
from typing import Any

import pytest

from deploy.local.providers.client import Retell
from tests.integration.providers.conftest import RETELL_KEY, Api, Taker
from tests.support.waiting import wait_for


@pytest.fixture
def heard(retell: Retell, taker: Taker) -> Taker:
    """The agent's webhook."""
    retell.subscribe(taker.url)
    return taker


def test_a_call_ends_and_is_analysed(retell: Retell, retell_api: Api, heard: Taker) -> None:
    """Two webhooks, signed over raw body and milliseconds; the first has no analysis."""
    call_id = retell.end_call({"analysis": {"name": "Zoë Müller"}, "talk": [["user", "Grüß Gott"]]})
    wait_for(lambda: len(heard.taken) == 2, 5, "both webhooks")
    by_event = {body["event"]: body["call"] for body in heard.bodies()}
    headers, raw = heard.taken[0]
    match = re.fullmatch(r"v=(\d+),d=([0-9a-f]{64})", headers["x-retell-signature"])
    assert match is not None
    assert match[2] == hmac.new(RETELL_KEY.encode(), raw + match[1].encode(), hashlib.sha256).hexdigest()
    assert abs(int(match[1]) - time.time() * 1000) < 60_000
    assert "Grüß Gott".encode() in raw
    assert ("call_analysis" in by_event["call_ended"], by_event["call_analyzed"]["call_id"]) == (False, call_id)
    assert by_event["call_analyzed"]["call_analysis"]["custom_analysis_data"] == {"name": "Zoë Müller"}
    assert retell_api.ask("GET", f"/v2/get-call/{call_id}").json() == by_event["call_analyzed"]


def test_the_analysis_comes_later(retell: Retell, retell_api: Api, heard: Taker) -> None:
    """Asked before it, the call has none."""
    call_id = retell.end_call({}, analysis_after=0.6)
    early = retell_api.ask("GET", f"/v2/get-call/{call_id}").json()
    wait_for(lambda: len(heard.taken) == 2, 5, "both webhooks")
    late = retell_api.ask("GET", f"/v2/get-call/{call_id}").json()
    assert heard.events() == ["call_ended", "call_analyzed"]
    assert ("call_analysis" in early, "call_analysis" in late) == (False, True)


@pytest.mark.parametrize("events", [["call_analyzed"], ["call_ended"], ["call_analyzed", "call_ended"], []])
def test_events_come_as_told(retell: Retell, heard: Taker, events: list[str]) -> None:
    """One without the other, the other way round, none."""
    retell.end_call({}, events=events, analysis_after=0.2)
    wait_for(lambda: len(heard.taken) == len(events), 5, "the webhooks")
    assert heard.events() == events


def test_a_webhook_that_fails_is_tried_three_times_more(retell: Retell, heard: Taker) -> None:
    """Then it is lost."""
    heard.statuses += [500, 503, 404, 500]
    retell.end_call({}, events=["call_ended"])
    wait_for(lambda: retell.webhooks()[0]["is_over"], 10, "the last try")
    assert retell.webhooks()[0]["statuses"] == [500, 503, 404, 500]


def test_a_call_that_was_not_connected(retell: Retell, heard: Taker) -> None:
    """Nothing was said; it is told of all the same."""
    retell.end_call({"call_status": "not_connected", "disconnection_reason": "dial_busy"}, events=["call_ended"])
    wait_for(lambda: heard.taken, 5, "the webhook")
    call = heard.bodies()[0]["call"]
    assert (call["call_status"], call["disconnection_reason"]) == ("not_connected", "dial_busy")
    assert not {"transcript", "start_timestamp", "recording_url"} & call.keys()


def test_unset_fields_are_left_out(retell: Retell) -> None:
    """A withheld number, no metadata, no variables."""
    retell.end_call({"from_number": None, "metadata": None, "retell_llm_dynamic_variables": None})
    assert not {"from_number", "metadata", "retell_llm_dynamic_variables"} & retell.calls()[0].keys()


def test_calls_are_listed_in_pages_without_their_talk(retell: Retell, retell_api: Api) -> None:
    """The newest first; the key of a page is the last call's id, which is not on the next."""
    ids = retell.end_calls([{"minutes_ago": number} for number in range(5)])
    first = retell_api.ask("POST", "/v3/list-calls", {"limit": 3, "include_total": True}).json()
    second = retell_api.ask("POST", "/v3/list-calls", {"limit": 3, "pagination_key": first["pagination_key"]}).json()
    assert [call["call_id"] for call in (*first["items"], *second["items"])] == ids
    assert (first["has_more"], second["has_more"], first["total"]) == (True, False, 5)
    assert not {"transcript", "transcript_object", "recording_url"} & first["items"][0].keys()


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"start_timestamp": {"type": "range", "op": "bt", "value": [0, 1]}}, 0),
        ({"start_timestamp": {"type": "number", "op": "ge", "value": 1}}, 2),
        ({"call_status": {"type": "enum", "op": "in", "value": ["ended"]}}, 2),
        ({"direction": {"type": "enum", "op": "in", "value": ["outbound"]}}, 1),
        ({"from_number": {"type": "string", "op": "eq", "value": "+4930123456"}}, 1),
        ({"call_successful": {"type": "boolean", "op": "eq", "value": True}}, 3),
    ],
)
def test_calls_are_filtered(retell: Retell, retell_api: Api, criteria: dict[str, Any], found: int) -> None:
    """Version 3's filters: a type, an operator and a value each."""
    retell.end_calls([{}, {"direction": "outbound", "from_number": "+4930123456"}, {"call_status": "not_connected"}])
    answer = retell_api.ask("POST", "/v3/list-calls", {"filter_criteria": criteria})
    assert (answer.status, len(answer.json()["items"])) == (200, found)


@pytest.mark.parametrize(
    "body",
    [
        {"filter_criteria": {"start_timestamp": {"lower_threshold": 1}}},
        {"filter_criteria": {"shoe_size": {"type": "number", "op": "eq", "value": 42}}},
        {"filter_criteria": {"call_status": ["ended"]}},
        {"limit": 0},
        {"limit": 1001},
        {"pagination_key": "nobody"},
        {"page": 2},
    ],
)
def test_a_list_that_is_asked_for_wrongly_is_refused(retell_api: Api, body: dict[str, Any]) -> None:
    """Older filters, unknown ones, impossible pages."""
    assert retell_api.ask("POST", "/v3/list-calls", body).status == 400


def test_lists_lag_and_leave_out(retell: Retell, retell_api: Api) -> None:
    """The call itself can be asked for."""
    ids = retell.end_calls([{"minutes_ago": number} for number in range(3)])
    retell.lists(lag=60)
    hidden = retell_api.ask("POST", "/v3/list-calls", {}).json()["items"]
    retell.lists(leave_out=[0], page_size=2)
    first = retell_api.ask("POST", "/v3/list-calls", {}).json()
    assert (hidden, [call["call_id"] for call in first["items"]], first["has_more"]) == ([], [ids[1]], True)


def test_a_wrong_key_and_an_unknown_call(retell: Retell, retell_api: Api) -> None:
    """401 and 404; a second account sees its own calls only."""
    retell.add_account("key_two")
    call_id = retell.end_call({})
    other = Api(retell_api.http, "key_two")
    assert Api(retell_api.http, "key_three").ask("GET", f"/v2/get-call/{call_id}").status == 401
    assert other.ask("GET", f"/v2/get-call/{call_id}").status == 404
    assert retell.violations() == [{"operation": "get_call", "what": "not authorized"}]


def test_many_calls_end_within_a_second(retell: Retell, heard: Taker) -> None:
    """200 calls with both webhooks each."""
    began = time.monotonic()
    retell.end_calls([{} for _ in range(200)], within=1.0)
    wait_for(lambda: len(heard.taken) == 400, 20, "400 webhooks")
    assert 1.0 <= time.monotonic() - began < 15
