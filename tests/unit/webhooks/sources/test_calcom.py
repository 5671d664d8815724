"""Cal.com's signature: a vector made with its own algorithm, and everything that must not pass."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.webhooks.errors import MalformedWebhookError, SignatureError, SourceNotSetUpError
from services.webhooks.settings import WebhooksSettings
from services.webhooks.sources import source_of
from services.webhooks.sources.calcom import NO_SECRET, Calcom, sign, verify

# Made with the algorithm of Cal.com's sendPayload.ts.
VECTOR_SECRET = "cal-webhook-secret"
VECTOR = "16767320c128fb4acf770279ac40192b390b9dda4295d15e596ec24a395aec33"
VECTOR_BODY = (
    b'{"triggerEvent":"BOOKING_CREATED","createdAt":"2023-05-24T09:30:00.538Z",'
    b'"payload":{"uid":"bFJeNb2uX8ANpT3JL5EfXw"}}'
)
SECRET = "a-secret-of-the-tests"
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"x-cal-signature-256": sign(body, secret)}


def told(**changes: Any) -> bytes:
    whole: dict[str, Any] = {
        "triggerEvent": "BOOKING_CREATED",
        "createdAt": "2026-05-04T09:30:00.538Z",
        "payload": {"uid": "bFJeNb2uX8ANpT3JL5EfXw", "title": "Prüfung"},
    }
    return json.dumps({name: value for name, value in {**whole, **changes}.items() if value is not ...}).encode()


def read(body: bytes) -> Any:
    return Calcom().read(signed(body), body, SECRET, NOW)


def test_the_vector_passes() -> None:
    """Body, secret and header of the vector."""
    verify(VECTOR, VECTOR_BODY, VECTOR_SECRET)
    assert sign(VECTOR_BODY, VECTOR_SECRET) == VECTOR


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "missing"),
        ("", "missing"),
        ("rubbish", "64 hexadecimal"),
        (f"sha256={VECTOR}", "64 hexadecimal"),
        (VECTOR[:-1], "64 hexadecimal"),
        (VECTOR + "0", "64 hexadecimal"),
        (VECTOR.upper(), "64 hexadecimal"),
        (f"{VECTOR}\n", "64 hexadecimal"),
        ("²" * 64, "64 hexadecimal"),
    ],
)
def test_a_header_of_the_wrong_form_is_malformed(header: str | None, said: str) -> None:
    """400: whoever sent it is not Cal.com, or something rewrote the header."""
    with pytest.raises(MalformedWebhookError, match=said):
        verify(header, VECTOR_BODY, VECTOR_SECRET)


def test_a_webhook_without_a_secret_is_refused() -> None:
    """Cal.com says so in words instead of signing; anybody can."""
    with pytest.raises(SignatureError, match="no secret"):
        verify(NO_SECRET, VECTOR_BODY, VECTOR_SECRET)


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        (VECTOR_BODY + b"\n", VECTOR_SECRET),
        (VECTOR_BODY.replace(b":", b": "), VECTOR_SECRET),
        (VECTOR_BODY, VECTOR_SECRET + "x"),
        (VECTOR_BODY, NO_SECRET),
    ],
)
def test_another_body_or_secret_does_not_match(body: bytes, secret: str) -> None:
    """401: a byte is enough."""
    with pytest.raises(SignatureError, match="does not match"):
        verify(VECTOR, body, secret)


def test_text_that_changes_when_it_is_written_again_is_verified_as_it_came() -> None:
    """The signature is over the bytes: escapes, spaces and the order of names are not ours to choose."""
    written = '{"triggerEvent": "BOOKING_CREATED",  "payload":{"title":"Pr\\u00fcfung \\/ ü 😀"}}'.encode()
    rewritten = json.dumps(json.loads(written)).encode()
    assert read(written).data == {"title": "Prüfung / ü 😀"}
    with pytest.raises(SignatureError):
        Calcom().read(signed(written), rewritten, SECRET, NOW)


def test_an_event_keeps_its_facts() -> None:
    """Type and time of the envelope; the same body is the same event."""
    body = told()
    received = read(body)
    assert (received.event_type, received.created_at) == (
        "BOOKING_CREATED",
        datetime(2026, 5, 4, 9, 30, 0, 538_000, tzinfo=UTC),
    )
    assert received.external_id == hashlib.sha256(body).hexdigest()
    assert received.data == {"uid": "bFJeNb2uX8ANpT3JL5EfXw", "title": "Prüfung"}


def test_an_event_without_a_payload_is_told_whole() -> None:
    """MEETING_STARTED and MEETING_ENDED are flat."""
    received = read(told(triggerEvent="MEETING_ENDED", payload=..., uid="u1", password="secret"))
    assert received.data == {"triggerEvent": "MEETING_ENDED", "createdAt": "2026-05-04T09:30:00.538Z", "uid": "u1"}


@pytest.mark.parametrize("created", [..., None, 5, "yesterday", "", True])
def test_an_event_without_a_usable_time_has_that_of_its_arrival(created: object) -> None:
    """Nothing is lost for it."""
    assert read(told(createdAt=created)).created_at == NOW


@pytest.mark.parametrize(
    ("created", "moment"),
    [
        ("2026-05-04T11:30:00+02:00", datetime(2026, 5, 4, 9, 30, tzinfo=UTC)),
        ("2026-05-04T09:30:00", datetime(2026, 5, 4, 9, 30, tzinfo=UTC)),
    ],
)
def test_times_are_brought_to_utc(created: str, moment: datetime) -> None:
    """With an offset, or without one."""
    assert read(told(createdAt=created)).created_at == moment


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (told(triggerEvent=...), "no usable 'triggerEvent'"),
        (told(triggerEvent="two words"), "no usable 'triggerEvent'"),
        (told(payload=json.loads('{"a":' * 70 + "1" + "}" * 70)), "nested more than 64"),
        (b'{"triggerEvent": "X", "payload": {"a": "\\ud83d", "b": NaN}}', "not JSON"),
    ],
)
def test_a_signed_body_that_is_no_event_is_malformed(body: bytes, said: str) -> None:
    """400, with what is wrong."""
    with pytest.raises(MalformedWebhookError, match=said):
        read(body)


def test_what_the_database_cannot_hold_is_replaced() -> None:
    """NUL, and the half of a character that JavaScript writes where it has cut a text inside of an emoji."""
    body = b'{"triggerEvent": "BOOKING_CREATED", "payload": {"notes": "a\\u0000b \\ud83d", "n\\u0000": ["\\udc00"]}}'
    assert read(body).data == {"notes": "ab ?", "n": ["?"]}


@given(st.text(max_size=100), st.binary(max_size=100))
def test_no_header_and_body_of_strangers_get_through(header: str, body: bytes) -> None:
    """Whatever they send ends in one of the two refusals."""
    with pytest.raises((MalformedWebhookError, SignatureError)):
        verify(header, body, SECRET)


def test_the_message_says_whose_it_is() -> None:
    """The connection to whose address it came; with a storage key the data stays there."""
    received = read(told())
    message = Calcom().event(UUID(int=7), received, "webhooks/inbound/calcom/x.json")
    assert (message.connection_id, message.data, message.storage_key) == (None, None, "webhooks/inbound/calcom/x.json")


@pytest.mark.parametrize("secret", ["", "  "])
def test_without_its_secret_it_is_off(secret: str) -> None:
    """An empty secret would let everybody sign."""
    with pytest.raises(SourceNotSetUpError):
        source_of("calcom", WebhooksSettings(calcom_webhook_secret=SecretStr(secret)))
