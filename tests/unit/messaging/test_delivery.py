"""One delivery as the worker sees it."""

from typing import Any

import orjson
from dramatiq import Message

from shared.ids import new_id
from shared.messaging.delivery import Delivery


def message(**changes: Any) -> Message[Any]:
    fields: dict[str, Any] = {
        "queue_name": "toyshop.default",
        "actor_name": "toyshop.toy.make",
        "args": (),
        "kwargs": {"number": 1},
        "options": {"turn": 3, "tags": ["x"], "correlation_id": str(new_id())},
        "message_id": str(new_id()),
        "message_timestamp": 5,
    }
    return Message(**{**fields, **changes})


def test_message_without_a_turn_is_at_its_first() -> None:
    """Any Dramatiq tool may have sent it."""
    assert Delivery.of(message(options={}), "toyshop", redelivered=False).turn == 1


def test_delivery_is_the_message_of_a_service() -> None:
    """The queue is the one that was consumed."""
    came = message()

    delivery = Delivery.of(came, "toyshop", redelivered=True)

    assert (delivery.service, delivery.queue, delivery.kind) == ("toyshop", "toyshop.default", "toyshop.toy.make")
    assert (str(delivery.message_id), delivery.turn, delivery.redelivered) == (came.message_id, 3, True)


def test_body_is_the_same_message_at_another_turn() -> None:
    """Same id, same fields, same options; for its own queue."""
    came = message()

    again = orjson.loads(Delivery.of(came, "toyshop", redelivered=False).body(4))

    assert again["options"] == {**came.options, "turn": 4}
    assert (again["message_id"], again["kwargs"], again["queue_name"]) == (
        came.message_id,
        {"number": 1},
        "toyshop.default",
    )
