"""Which envelopes the consumer takes. The rules for stock actors are those that Dramatiq's own threads rely on."""

from typing import Any

import pytest
from dramatiq import Message

from shared.ids import new_id
from shared.messaging.envelope import MAX_BODY_BYTES, SPARE_BYTES, MalformedEnvelopeError
from shared.messaging.envelope_checks import check_shape, check_strictly


def message(**changes: Any) -> Message[Any]:
    fields: dict[str, Any] = {
        "queue_name": "toyshop.default",
        "actor_name": "toyshop.toy.make",
        "args": (),
        "kwargs": {"number": 1},
        "options": {"turn": 1},
        "message_id": str(new_id()),
        "message_timestamp": 1,
    }
    return Message(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [{}, {"args": (1, 2)}, {"message_id": "any"}, {"options": {"eta": 1, "turn": "x"}}, {"message_timestamp": 1.5}],
)
def test_stock_messages_may_be_as_dramatiq_writes_them(changes: dict[str, Any]) -> None:
    """A drop-in takes arguments, delays, and ids of any form."""
    check_shape(message(**changes))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"options": None}, "options is NoneType"),
        ({"options": []}, "options is list"),
        ({"kwargs": None}, "kwargs is NoneType"),
        ({"queue_name": 1}, "queue_name is int"),
        ({"actor_name": None}, "actor_name is NoneType"),
        ({"message_id": 1}, "message_id is int"),
        ({"message_timestamp": None}, "message_timestamp"),
    ],
)
def test_what_kills_threads_is_refused(changes: dict[str, Any], says: str) -> None:
    """Each of these is taken at its word by stock Dramatiq."""
    with pytest.raises(MalformedEnvelopeError, match=says):
        check_shape(message(**changes))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"turn": 1},
        {"turn": 2**31 - 1},
        {"correlation_id": str(new_id()), "causation_id": None, "tags": ["x"], "anything": {"else": 1}},
    ],
)
def test_our_messages_may_carry_options_that_we_do_not_know(options: dict[str, Any]) -> None:
    """Without a turn it is the first."""
    check_strictly(message(options=options), MAX_BODY_BYTES + SPARE_BYTES)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"args": (1,)}, "args are given"),
        ({"message_id": "one"}, "message_id is not a UUID"),
        ({"options": {"turn": 0}}, "options.turn"),
        ({"options": {"turn": -1}}, "options.turn"),
        ({"options": {"turn": 2**31}}, "options.turn"),
        ({"options": {"turn": "1"}}, "options.turn"),
        ({"options": {"turn": 1.0}}, "options.turn"),
        ({"options": {"turn": True}}, "options.turn"),
        ({"options": {"eta": 1}}, "options.eta"),
        ({"options": {"correlation_id": "x"}}, "options.correlation_id"),
        ({"options": {"causation_id": 1}}, "options.causation_id"),
        ({"options": {"organisation_id": ""}}, "options.organisation_id"),
    ],
)
def test_what_our_actors_rely_on_is_checked(changes: dict[str, Any], says: str) -> None:
    """Before a handler, or a statement, meets it."""
    with pytest.raises(MalformedEnvelopeError, match=says):
        check_strictly(message(**changes), 100)


def test_size_is_checked() -> None:
    """Ours may have grown a little on the way; whatever is larger was never ours."""
    with pytest.raises(MalformedEnvelopeError, match="too large"):
        check_strictly(message(), MAX_BODY_BYTES + SPARE_BYTES + 1)
