"""Webhooks of Stripe at the gateway: stored once, answered at once."""

import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any

import pytest
from pydantic import SecretStr

from services.webhooks.http.inbound import MAX_BODY_BYTES
from services.webhooks.sources.stripe import sign
from shared.contracts.webhooks import StripeEventReceived
from shared.ids import new_id
from shared.messaging.testing import assert_nothing_published, assert_published, published
from tests.integration.webhooks.conftest import STRIPE_SECRET, Answered, Gateway
from tests.support.databases import Database

PATH = "/webhooks/stripe"
HELD_UP_SECONDS = 20
"""Less than the time that the gateway waits for a body."""


def event(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "id": f"evt_{new_id().hex}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1785000042,
        "livemode": False,
        "data": {"object": {"id": "pi_1", "amount_received": 4598, "client_secret": "pi_1_secret"}},
    }
    return json.dumps({**whole, **changes}).encode()


def signature(body: bytes, *, off: int = 0, secret: str = STRIPE_SECRET) -> dict[str, str]:
    stamp = str(int(time.time()) + off)
    return {"Stripe-Signature": f"t={stamp},v1={sign(stamp, body, secret)}"}


def send(gateway: Gateway, body: bytes, **signing: Any) -> Answered:
    return gateway.call("POST", PATH, body, signature(body, **signing))


def stored(database: Database) -> int:
    return int(database.value("SELECT count(*) FROM webhooks.inbound_events"))


def test_an_event_is_stored_and_published(gateway: Gateway, database: Database) -> None:
    """The raw body as it came, the message without the payer's secret."""
    body = event()
    answered = send(gateway, body)
    assert (answered.status, answered.body) == (200, {"result": "stored"})
    assert bytes(database.value("SELECT body FROM webhooks.inbound_events")) == body
    with database.work("webhooks")() as session:
        message = assert_published(session, StripeEventReceived, event_type="payment_intent.succeeded")
    assert message.fields["data"] == {"id": "pi_1", "amount_received": 4598}


def test_the_same_event_ten_times_at_once_is_one(gateway: Gateway, database: Database) -> None:
    """All are answered with success, one of them stored it."""
    body = event()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: send(gateway, body), range(10)))
    assert {answered.status for answered in answers} == {200}
    assert sorted(answered.body["result"] for answered in answers) == ["duplicate"] * 9 + ["stored"]
    with database.work("webhooks")() as session:
        assert len(published(session)) == 1


def test_an_event_of_an_unknown_type_is_stored(gateway: Gateway, database: Database) -> None:
    """Whether anybody hears it is not the sender's concern."""
    assert send(gateway, event(type="something.new")).status == 200
    assert database.value("SELECT event_type FROM webhooks.inbound_events") == "something.new"


def test_a_signature_that_does_not_hold_is_401(gateway: Gateway, database: Database) -> None:
    """Wrong, too old, from the future: nothing is stored."""
    answers = [send(gateway, event(), **signing) for signing in ({"secret": "other"}, {"off": -400}, {"off": 400})]
    assert [(answered.status, answered.body["code"]) for answered in answers] == [(401, "bad_signature")] * 3
    assert stored(database) == 0


def test_a_signed_body_that_is_no_event_is_400(gateway: Gateway, database: Database) -> None:
    """It says what is wrong, and nothing is stored."""
    bodies = [b"", b"rubbish", b"[]", b"{}", event(id=None), event(type=""), event(object="v2.core.event")]
    answers = [send(gateway, body) for body in bodies]
    assert [(answered.status, answered.body["code"]) for answered in answers] == [(400, "malformed_webhook")] * 7
    assert stored(database) == 0


def test_a_missing_or_broken_header_is_400(gateway: Gateway) -> None:
    """Whoever sent it does not know how."""
    headers: list[dict[str, str]] = [{}, {"Stripe-Signature": "rubbish"}, {"Stripe-Signature": "t=1,v0=abc"}]
    answers = [gateway.call("POST", PATH, event(), header) for header in headers]
    assert [(answered.status, answered.body["code"]) for answered in answers] == [(400, "malformed_webhook")] * 3


def test_a_source_that_is_not_set_up_is_404(gateway: Gateway) -> None:
    """Also with a signature made with the empty secret."""
    gateway.configure(stripe_webhook_secret=SecretStr(""))
    body = event()
    answers = [gateway.call("POST", path, body, signature(body, secret="")) for path in (PATH, "/webhooks/paypal")]
    assert [(answered.status, answered.body["code"]) for answered in answers] == [(404, "source_not_set_up")] * 2


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_over_the_limit_is_413(gateway: Gateway, database: Database, content_type: str) -> None:
    """As JSON, and as the upload that elsewhere may be larger."""
    body = b"x" * (MAX_BODY_BYTES + 1)
    answered = gateway.call("POST", PATH, body, {**signature(body), "Content-Type": content_type})
    assert (answered.status, stored(database)) == (413, 0)


@pytest.mark.parametrize(
    ("content_type", "end"), [("application/json", b""), ("multipart/form-data; boundary=x", b"0\r\n\r\n")]
)
def test_a_body_without_an_announced_length_is_not_read_beyond_the_limit(
    gateway: Gateway, content_type: str, end: bytes
) -> None:
    """Chunks that go on and on: the answer comes, and the connection is closed."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.putrequest("POST", PATH)
        connection.putheader("Content-Type", content_type)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.putheader("Stripe-Signature", "t=1,v1=00")
        connection.endheaders()
        connection.send(b"800000\r\n" + b"x" * MAX_BODY_BYTES + b"\r\n1\r\nx\r\n" + end)
        answered = connection.getresponse()
        assert (answered.status, answered.getheader("Connection")) == (413, "close")
    finally:
        connection.close()


def test_a_body_that_comes_slowly_holds_nobody_up(gateway: Gateway) -> None:
    """Many senders that never end their bodies, and one that does."""
    slow = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(60)]
    try:
        for one in slow:
            one.sendall(
                f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                f"Stripe-Signature: t=1,v1=00\r\n\r\n".encode()
                + b"{"
            )
        started = monotonic()
        assert send(gateway, event()).status == 200
        assert monotonic() - started < HELD_UP_SECONDS
    finally:
        for one in slow:
            one.close()


def test_an_event_too_large_for_a_message_goes_to_storage(gateway: Gateway, database: Database) -> None:
    """The message then says where it lies; the row too."""
    body = event(data={"object": {"id": "pi_1", "note": "ü" * 40_000}})
    assert send(gateway, body).status == 200
    with database.work("webhooks")() as session:
        message = assert_published(session, StripeEventReceived, data=None)
    key = message.fields["storage_key"]
    assert database.query("SELECT body, storage_key FROM webhooks.inbound_events") == [(None, key)]
    assert (gateway.storage_folder / key).read_bytes() == body


def test_a_full_storage_is_503_and_stores_nothing(gateway: Gateway, database: Database) -> None:
    """The source sends it again; small events are not held up by it."""
    gateway.storage.is_full = True
    body = event(data={"object": {"note": "x" * 80_000}})
    refused = send(gateway, body)
    assert (refused.status, stored(database)) == (503, 0)
    assert send(gateway, event()).status == 200
    gateway.storage.is_full = False
    assert send(gateway, body).body == {"result": "stored"}


def test_an_event_of_any_size_under_the_limit_is_taken(gateway: Gateway, database: Database) -> None:
    """Around the size at which it goes to storage, nothing falls between."""
    for size in (56_000, 57_000, 57_344, 58_000, 64_000, 65_536, 70_000, 1_000_000, 8_000_000):
        assert send(gateway, event(data={"object": {"note": "x" * size}})).status == 200
    assert stored(database) == 9


def test_nothing_is_published_of_what_is_refused(gateway: Gateway, database: Database) -> None:
    """Publishing and storing are one."""
    send(gateway, event(), secret="whsec_other")
    with database.work("webhooks")() as session:
        assert_nothing_published(session)
