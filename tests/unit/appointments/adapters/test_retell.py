"""Retell's call object, whatever of it is there."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appointments.adapters.retell import RetellCalls, call_of
from services.appointments.errors import UnexpectedProviderShapeError
from tests.unit.appointments.domain.samples import JSON

CALL: dict[str, Any] = {
    "call_id": "c1",
    "call_status": "ended",
    "from_number": "+12137771234",
    "direction": "inbound",
    "start_timestamp": 1785400475945,
    "end_timestamp": 1785400501736,
    "duration_ms": 25791,
    "disconnection_reason": "a_reason_of_tomorrow",
    "transcript": "User: Zoë",
    "retell_llm_dynamic_variables": {"customer_name": "Zoë"},
    "call_analysis": {"call_summary": "Zoë called", "user_sentiment": "Positive", "custom_analysis_data": {"a": 1}},
}


def test_a_call_object_is_read() -> None:
    """Times from milliseconds; variables by their place; unknown reasons as they are."""
    told = call_of(CALL, is_analysed=True)
    assert told.started_at is not None
    assert told.started_at.isoformat() == "2026-07-30T08:34:35.945000+00:00"
    assert (told.disconnection_reason, told.summary) == ("a_reason_of_tomorrow", "Zoë called")
    assert told.variables == {"retell_llm_dynamic_variables": {"customer_name": "Zoë"}}
    assert told.analysis == CALL["call_analysis"]


@pytest.mark.parametrize("event", ["call_started", "transcript_updated", "transfer_started", "an_event_of_tomorrow"])
def test_other_events_say_nothing_new(event: str) -> None:
    """Only the end of a call and its analysis do; and chats are no calls."""
    assert RetellCalls().told(event, CALL) is None
    assert RetellCalls().told("call_ended", {"chat_id": "x"}) is None


def test_the_end_of_a_call_has_no_analysis() -> None:
    """Even if some of it were there."""
    told = RetellCalls().told("call_ended", CALL)
    assert told is not None
    assert told.analysis is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"call": 1}'])
def test_a_stored_webhook_of_another_shape_is_told_by_name(body: bytes) -> None:
    """It was verified when it came, so this should not happen."""
    with pytest.raises(UnexpectedProviderShapeError):
        RetellCalls().call_in(body)


def test_a_stored_webhook_is_read_as_it_came() -> None:
    """Non-ASCII text, escaped or not, is the same text."""
    body = '{"event":"call_analyzed","call":{"call_id":"c1","transcript":"Zo\\u00eb, Zoë"}}'
    assert RetellCalls().call_in(body.encode())["transcript"] == "Zoë, Zoë"


@given(data=st.fixed_dictionaries({"call_id": JSON}, optional=dict.fromkeys(set(CALL) - {"call_id"}, JSON)))
def test_anything_may_be_of_any_type(data: dict[str, Any]) -> None:
    """Only the id has to be there."""
    try:
        told = call_of(data, is_analysed=True)
    except UnexpectedProviderShapeError:
        assert not isinstance(data["call_id"], str) or not data["call_id"]
        return
    orjson.dumps(told.analysis)
    orjson.dumps(dict(told.variables))
