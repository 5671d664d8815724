"""Retell's signature, and everything that must not pass."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.webhooks.errors import MalformedWebhookError, SignatureError, SourceNotSetUpError
from services.webhooks.settings import WebhooksSettings
from services.webhooks.sources import source_of
from services.webhooks.sources.retell import Retell, sign, verify

SECRET = "key_of_the_tests"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp() * 1000))


def header(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> str:
    stamp = str(round(at.timestamp() * 1000))
    return f"v={stamp},d={sign(stamp, body, secret)}"


def told(event: object = "call_ended", **changes: Any) -> bytes:
    call: dict[str, Any] = {
        "call_id": "Jabr9TXYYJHfvl6Syypi88rdAHYHmcq6",
        "from_number": "+12137771234",
        "transcript": "Agent: Grüß Gott. User: Hi.",
    }
    return json.dumps({"event": event, "call": {**call, **changes}}).encode()


def read(body: bytes) -> Any:
    return Retell().read({"x-retell-signature": header(body)}, body, SECRET, NOW)


def test_the_digest_is_over_the_body_and_the_milliseconds() -> None:
    """With nothing between the two, as Retell's own libraries do it."""
    expected = hmac.new(SECRET.encode(), told() + STAMP.encode(), hashlib.sha256).hexdigest()
    assert verify(f"v={STAMP},d={expected}", told(), SECRET, NOW) == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "rubbish",
        "v={v}",
        "d={d}",
        "d={d},v={v}",
        "v={v},d={d},x=1",
        "v={v}, d={d}",
        " v={v},d={d}",
        "v={v},d={d}\n",
        "v=-{v},d={d}",
        "v={v}.5,d={d}",
        "v=,d={d}",
        "v=1234567890123456,d={d}",
        "v=١٢٣,d={d}",
        "v={v},d={d}0",
        "v={v},d=xyz",
    ],
)
def test_a_header_of_the_wrong_form_is_malformed(wrong: str) -> None:
    """400: it is one form, and the whole header has it."""
    text = wrong.format(v=STAMP, d=sign(STAMP, told(), SECRET))
    with pytest.raises(MalformedWebhookError, match=r"missing|is not v="):
        verify(text, told(), SECRET, NOW)


def test_a_missing_header_is_malformed() -> None:
    """Whoever sent it does not know how."""
    with pytest.raises(MalformedWebhookError, match="missing"):
        Retell().read({}, told(), SECRET, NOW)


@pytest.mark.parametrize(
    ("body", "secret", "stamp"),
    [
        (told() + b" ", SECRET, STAMP),
        (told(), SECRET + "2", STAMP),
        (told(), SECRET, str(int(STAMP) + 1)),
        (told()[:-1], SECRET, f"{STAMP}"),
    ],
)
def test_another_body_key_or_time_does_not_match(body: bytes, secret: str, stamp: str) -> None:
    """401: a byte is enough."""
    digest = sign(STAMP, told(), SECRET)
    with pytest.raises(SignatureError, match="does not match"):
        verify(f"v={stamp},d={digest}", body, secret, NOW)


def test_digits_do_not_move_between_body_and_time() -> None:
    """Nothing stands between them, but a time that lost its first digit is half a century old."""
    digest = sign(STAMP, told(), SECRET)
    with pytest.raises(SignatureError, match="too old"):
        verify(f"v={STAMP[1:]},d={digest}", told() + STAMP[:1].encode(), SECRET, NOW)


@pytest.mark.parametrize(
    ("off", "passes"),
    [
        (timedelta(0), True),
        (timedelta(milliseconds=-300_000), True),
        (timedelta(milliseconds=-300_001), False),
        (timedelta(milliseconds=300_000), True),
        (timedelta(milliseconds=300_001), False),
        (timedelta(days=-1), False),
        (timedelta(days=1), False),
    ],
)
def test_the_clock_may_be_five_minutes_off_either_way(off: timedelta, passes: bool) -> None:
    """To the millisecond."""
    signature = header(told(), at=NOW + off)
    if passes:
        assert verify(signature, told(), SECRET, NOW) == NOW + off
    else:
        with pytest.raises(SignatureError, match=r"too old|in the future"):
            verify(signature, told(), SECRET, NOW)


def test_seconds_instead_of_milliseconds_are_too_old() -> None:
    """A time in seconds would be of 1970."""
    stamp = str(int(NOW.timestamp()))
    with pytest.raises(SignatureError, match="too old"):
        verify(f"v={stamp},d={sign(stamp, told(), SECRET)}", told(), SECRET, NOW)


def test_text_that_changes_when_it_is_written_again_is_verified_as_it_came() -> None:
    """The signature is over the bytes."""
    written = '{"event":"call_ended","call":{"call_id":"c1","transcript":"Gr\\u00fc\\u00df Gott ¿ ü"}}'.encode()
    rewritten = json.dumps(json.loads(written), ensure_ascii=False).encode()
    assert read(written).data["transcript"] == "Grüß Gott ¿ ü"
    with pytest.raises(SignatureError):
        Retell().read({"x-retell-signature": header(written)}, rewritten, SECRET, NOW)


def test_an_event_is_known_by_call_and_type() -> None:
    """Each event of a call comes once; its time is that of the signature."""
    ended, analysed = read(told()), read(told("call_analyzed"))
    assert (ended.external_id, ended.created_at) == ("Jabr9TXYYJHfvl6Syypi88rdAHYHmcq6:call_ended", NOW)
    assert analysed.external_id == "Jabr9TXYYJHfvl6Syypi88rdAHYHmcq6:call_analyzed"


def test_timings_costs_and_credentials_are_not_told() -> None:
    """A message has only so much room, and carries no secrets."""
    received = read(
        told(
            access_token="secret",
            transcript_object=[{"words": []}],
            transcript_with_tool_calls=[],
            latency={"e2e": {}},
            call_cost={},
            llm_token_usage={},
            public_log_url="https://x.example/log?signature=1",
            call_analysis={"custom_analysis_data": {"name": "Jörg"}},
        )
    )
    assert set(received.data) == {"call_id", "from_number", "transcript", "call_analysis"}


def test_a_chat_is_taken_and_told() -> None:
    """It comes to the same address; who hears of calls passes it over."""
    received = read(json.dumps({"event": "chat_analyzed", "chat": {"chat_id": "chat_1"}}).encode())
    assert (received.external_id, received.event_type) == ("chat_1:chat_analyzed", "chat_analyzed")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"rubbish", "not JSON"),
        (b"[]", "not a JSON object"),
        (told(event=None), "no usable 'event'"),
        (told(call_id=None), "no usable 'call_id'"),
        (told(call_id="c" * 300), "no usable 'call_id'"),
        (b'{"event": "call_ended"}', "no 'call'"),
        (b'{"event": "call_ended", "call": "c1"}', "no 'call'"),
    ],
)
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes, said: str) -> None:
    """400, with what is wrong."""
    with pytest.raises(MalformedWebhookError, match=said):
        read(body)


@given(st.text(max_size=100), st.binary(max_size=100))
def test_no_header_and_body_of_strangers_get_through(text: str, body: bytes) -> None:
    """Whatever they send ends in one of the two refusals."""
    with pytest.raises((MalformedWebhookError, SignatureError)):
        verify(text, body, SECRET, NOW)


def test_the_message_has_the_call_s_own_id() -> None:
    """With a storage key the data stays there, and the id is still known."""
    message = Retell().event(UUID(int=7), read(told("call_analyzed")), "webhooks/inbound/retell/x.json")
    assert (message.external_id, message.event_type, message.data) == (
        "Jabr9TXYYJHfvl6Syypi88rdAHYHmcq6",
        "call_analyzed",
        None,
    )


@pytest.mark.parametrize("secret", ["", "  "])
def test_without_its_key_it_is_off(secret: str) -> None:
    """An empty key would let everybody sign."""
    with pytest.raises(SourceNotSetUpError):
        source_of("retell", WebhooksSettings(retell_api_key=SecretStr(secret)))
