"""The wire form: a plain Dramatiq message, written and read with checks."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from dramatiq import Message

from shared.messaging.causes import Cause
from shared.messaging.envelope import (
    EVENTS_EXCHANGE,
    FIELDS,
    MAX_BODY_BYTES,
    Envelope,
    MalformedEnvelopeError,
    MessageTooLargeError,
    as_uuid,
    cause_of,
    decode_fields,
)

ID = UUID("0198c1a2-7b00-7c3d-8e4f-000000000001")
OTHER = UUID("0198c1a2-7b00-7c3d-8e4f-000000000002")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_dramatiq_reads_what_is_written() -> None:
    """Actor name is the kind, keyword arguments are the fields."""
    message = Message.decode(Envelope("a.b.c", {"number": 1}, ID, turn=3, queue="a.default").encode())

    assert (message.actor_name, message.queue_name, message.args) == ("a.b.c", "a.default", ())
    assert (message.kwargs, message.options, message.message_id) == ({"number": 1}, {"turn": 3}, str(ID))


def test_message_without_a_queue_names_the_exchange() -> None:
    """An event goes to whoever hears it."""
    assert Message.decode(Envelope("a.b.c", {}, ID).encode()).queue_name == EVENTS_EXCHANGE


def test_cause_travels_in_the_options() -> None:
    """What is not known is left out."""
    cause = Cause(correlation_id=ID, organisation_id=OTHER, traceparent=TRACE)

    options = orjson.loads(Envelope("a.b.c", {}, ID, cause=cause, options={"tags": ["x"]}).encode())["options"]

    assert options == {
        "tags": ["x"], "turn": 1, "correlation_id": str(ID), "organisation_id": str(OTHER), "traceparent": TRACE
    }  # fmt: skip


def test_message_may_have_64_kb_and_no_byte_more() -> None:
    """Data belongs into storage; only what was accepted once goes on without the limit."""
    room = MAX_BODY_BYTES - len(Envelope("a.b.c", {"text": ""}, ID).encode())
    fits, too_large = (Envelope("a.b.c", {"text": "x" * (room + more)}, ID) for more in (0, 1))

    assert len(fits.encode()) == MAX_BODY_BYTES
    assert len(too_large.encode(limit=None)) == MAX_BODY_BYTES + 1
    with pytest.raises(MessageTooLargeError, match="storage"):
        too_large.encode()


def body(**changes: Any) -> bytes:
    fields = dict(zip(FIELDS, ("q", "a.b.c", [], {}, {}, str(ID), 1), strict=True))
    return orjson.dumps({**fields, **changes})


def test_envelope_of_the_right_shape_is_read() -> None:
    """Its seven fields, as they are."""
    assert decode_fields(body(kwargs={"a": 1}))["kwargs"] == {"a": 1}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"", "undecodable"),
        (b"{", "undecodable"),
        (b"[]", "a JSON list"),
        (body(colour="red"), "unknown ['colour']"),
        (b"{}", "missing ['queue_name'"),
        (body(options=None), "options is NoneType"),
        (body(args={}), "args is dict"),
        (body(message_timestamp="now"), "message_timestamp"),
    ],
)
def test_what_is_wrong_is_named(broken: bytes, says: str) -> None:
    """A person reads it in the failed job."""
    with pytest.raises(MalformedEnvelopeError) as caught:
        decode_fields(broken)

    assert says in str(caught.value)


def test_work_on_a_message_is_caused_by_it() -> None:
    """The journey is that of the message, or begins with it."""
    assert cause_of({"correlation_id": str(OTHER)}, ID) == Cause(correlation_id=OTHER, causation_id=ID)
    assert cause_of({}, ID) == Cause(correlation_id=ID, causation_id=ID)


@pytest.mark.parametrize("odd", [None, 7, [], "not an id", "x" * 70_000, {"a": 1}])
def test_odd_options_are_no_cause(odd: Any) -> None:
    """A foreign sender may write anything; nothing of it is passed on."""
    options = {"correlation_id": odd, "organisation_id": odd, "traceparent": odd if odd != "not an id" else None}

    assert cause_of(options, ID) == Cause(correlation_id=ID, causation_id=ID)


@pytest.mark.parametrize(
    ("value", "found"), [(str(ID), ID), (ID, ID), ("", None), ("x", None), (None, None), (0, None)]
)
def test_id_is_read_or_left(value: Any, found: UUID | None) -> None:
    """It raises nothing."""
    assert as_uuid(value) == found
