"""Stripe's signature: the published vector, and everything that must not pass."""

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
from services.webhooks.sources.stripe import Stripe, sign, verify

# Published by Stripe's libraries (async-stripe's webhook tests); the body ends with a newline.
VECTOR_SECRET = "webhook_secret"
VECTOR_TIME = datetime.fromtimestamp(1533204620, UTC)
VECTOR_V1 = "82216eca827bcb7b34b8055eb2d2d9e6bc13b9ac39ded14a61e69f70c565f53a"
VECTOR_V0 = "63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
VECTOR_BODY = b"""{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "ii_123",
      "object": "invoiceitem",
      "amount": 1000,
      "currency": "usd",
      "customer": "cus_123",
      "date": 1533204620,
      "description": "Test Invoice Item",
      "discountable": false,
      "invoice": "in_123",
      "livemode": false,
      "metadata": {},
      "period": {
        "start": 1533204620,
        "end": 1533204620
      },
      "proration": false,
      "quantity": 3
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "invoiceitem.created"
}
"""
SECRET = "whsec_test_secret"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"stripe-signature": f"t={stamp},v1={sign(stamp, body, secret)}"}


def event(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1785000042,
        "livemode": True,
        "data": {"object": {"id": "pi_1", "amount_received": 4598}},
    }
    return json.dumps({name: value for name, value in {**whole, **changes}.items() if value is not ...}).encode()


def test_the_published_vector_passes() -> None:
    """Body, secret, time and header as published."""
    header = f"t=1533204620,v1={VECTOR_V1},v0={VECTOR_V0}"
    assert verify(header, VECTOR_BODY, VECTOR_SECRET, VECTOR_TIME) == VECTOR_TIME


@pytest.mark.parametrize(
    "header",
    [
        f"t=1533204620,v1={VECTOR_V1},v1=bad_signature",
        f"t=1533204620,v1=bad_signature,v1={VECTOR_V1}",
        f"t=1533204620,v1=bäd,v1={VECTOR_V1}",
        f"t=1533204620, v1={VECTOR_V1}",
        f"t=1533204620,v1={VECTOR_V1},v2=whatever,empty",
    ],
)
def test_one_matching_signature_is_enough(header: str) -> None:
    """While a secret is being replaced there are two."""
    assert verify(header, VECTOR_BODY, VECTOR_SECRET, VECTOR_TIME) == VECTOR_TIME


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "missing"),
        ("", "missing"),
        ("rubbish", "no timestamp"),
        (f"v1={VECTOR_V1}", "no timestamp"),
        (f"t=,v1={VECTOR_V1}", "no timestamp"),
        (f"t=-1533204620,v1={VECTOR_V1}", "no timestamp"),
        (f"t=1533204620.5,v1={VECTOR_V1}", "no timestamp"),
        (f"t=١٥٣٣,v1={VECTOR_V1}", "no timestamp"),
        (f"t=9999999999999,v1={VECTOR_V1}", "no timestamp"),
        ("t=1533204620", "no signature of scheme v1"),
        ("t=1533204620,v1=", "no signature of scheme v1"),
        (f"t=1533204620,v0={VECTOR_V0}", "no signature of scheme v1"),
        (f"t=1533204620,v1={'a' * 5000}", "too long"),
    ],
)
def test_a_header_of_the_wrong_form_is_malformed(header: str | None, said: str) -> None:
    """400: whoever sent it is not Stripe, or something rewrote the header."""
    with pytest.raises(MalformedWebhookError, match=said):
        verify(header, VECTOR_BODY, VECTOR_SECRET, VECTOR_TIME)


@pytest.mark.parametrize(
    ("body", "secret", "stamp"),
    [
        (VECTOR_BODY + b" ", VECTOR_SECRET, "1533204620"),
        (VECTOR_BODY.strip(), VECTOR_SECRET, "1533204620"),
        (VECTOR_BODY, "webhook_secret2", "1533204620"),
        (VECTOR_BODY, "whsec_webhook_secret", "1533204620"),
        (VECTOR_BODY, VECTOR_SECRET, "1533204621"),
    ],
)
def test_another_body_secret_or_time_does_not_match(body: bytes, secret: str, stamp: str) -> None:
    """401: a byte is enough."""
    with pytest.raises(SignatureError, match="no signature matches"):
        verify(f"t={stamp},v1={VECTOR_V1}", body, secret, VECTOR_TIME)


@pytest.mark.parametrize(
    ("off", "passes"),
    [(0, True), (-300, True), (-301, False), (300, True), (301, False), (-86_400, False), (86_400, False)],
)
def test_the_clock_may_be_five_minutes_off_either_way(off: int, passes: bool) -> None:
    """Old signatures are replays; future ones are those that could be replayed later."""
    body = event()
    header = signed(body, at=NOW + timedelta(seconds=off))["stripe-signature"]
    if passes:
        assert verify(header, body, SECRET, NOW)
    else:
        with pytest.raises(SignatureError, match=r"too old|in the future"):
            verify(header, body, SECRET, NOW)


def test_an_event_is_read_without_its_secrets() -> None:
    """What a payer's browser proves itself with does not travel in messages."""
    body = event(data={"object": {"id": "pi_1", "client_secret": "s", "charges": [{"client_secret": "s", "x": 1}]}})
    received = Stripe().read(signed(body), body, SECRET, NOW)
    assert received.data == {"id": "pi_1", "charges": [{"x": 1}]}


def test_an_event_keeps_its_facts() -> None:
    """Id, type, time and mode of the envelope."""
    received = Stripe().read(signed(event()), event(), SECRET, NOW)
    assert (received.external_id, received.event_type, received.created_at, received.livemode) == (
        "evt_1",
        "payment_intent.succeeded",
        datetime.fromtimestamp(1785000042, UTC),
        True,
    )


@pytest.mark.parametrize("created", [..., None, "1785000042", 10**18, -(10**18), 1.5, True])
def test_an_event_without_a_usable_time_has_that_of_its_signature(created: object) -> None:
    """Nothing is lost for it."""
    body = event(created=created)
    assert Stripe().read(signed(body), body, SECRET, NOW).created_at == NOW


@pytest.mark.parametrize("data", [..., None, [], {}, {"object": None}, {"object": "text"}])
def test_an_event_without_an_object_has_empty_data(data: object) -> None:
    """Whoever hears it decides what that means."""
    body = event(data=data)
    assert Stripe().read(signed(body), body, SECRET, NOW).data == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"rubbish", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"NaN", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
        (event(id=...), "no usable 'id'"),
        (event(id=""), "no usable 'id'"),
        (event(id=5), "no usable 'id'"),
        (event(id="evt\x00"), "no usable 'id'"),
        (event(id="e" * 300), "no usable 'id'"),
        (event(type=...), "no usable 'type'"),
        (event(object="v2.core.event"), "thin events"),
        (event(data={"object": json.loads('{"a":' * 70 + "1" + "}" * 70)}), "nested more than 64"),
        (b"[" * 2000 + b"]" * 2000, "not JSON"),
    ],
)
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes, said: str) -> None:
    """400, with what is wrong."""
    with pytest.raises(MalformedWebhookError, match=said):
        Stripe().read(signed(body), body, SECRET, NOW)


def test_nothing_is_parsed_before_the_signature_holds() -> None:
    """A body of strangers is only hashed."""
    with pytest.raises(SignatureError):
        Stripe().read(signed(b"rubbish", secret="another"), b"rubbish", SECRET, NOW)


@given(st.text(max_size=200), st.binary(max_size=200))
def test_no_header_and_body_of_strangers_get_through(header: str, body: bytes) -> None:
    """Whatever they send ends in one of the two refusals."""
    with pytest.raises((MalformedWebhookError, SignatureError)):
        verify(header, body, SECRET, NOW)


@pytest.mark.parametrize("secret", ["", "   "])
def test_a_source_without_its_secret_is_off(secret: str) -> None:
    """An empty secret would let everybody sign."""
    with pytest.raises(SourceNotSetUpError):
        source_of("stripe", WebhooksSettings(stripe_webhook_secret=SecretStr(secret)))


def test_an_unknown_source_is_off() -> None:
    """Whatever the address names."""
    with pytest.raises(SourceNotSetUpError):
        source_of("paypal", WebhooksSettings(stripe_webhook_secret=SecretStr("x")))


def test_with_a_storage_key_the_data_stays_there() -> None:
    """The message then only says where."""
    received = Stripe().read(signed(event()), event(), SECRET, NOW)
    told = Stripe().event(UUID(int=7), received, "webhooks/inbound/stripe/x.json")
    assert (told.data, told.storage_key, told.inbound_id) == (None, "webhooks/inbound/stripe/x.json", UUID(int=7))
