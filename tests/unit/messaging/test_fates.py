"""What a message in a dead-letter queue says about its end."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from services.relay.fates import fate_of
from shared.ids import new_id
from shared.messaging.topology import UNROUTABLE

DEAD = "toyshop.default.XQ"
DIED = {"x-death": [{"queue": "toyshop.default", "reason": "rejected", "time": datetime(2026, 3, 1, tzinfo=UTC)}]}


def body(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "queue_name": "toyshop.default",
        "actor_name": "toyshop.toy.make",
        "args": [],
        "kwargs": {},
        "options": {},
        "message_id": str(new_id()),
        "message_timestamp": 1,
    }
    return orjson.dumps({**fields, **changes})


def limit() -> dict[str, Any]:
    return {"x-death": [{**DIED["x-death"][0], "reason": "delivery_limit"}]}


@pytest.mark.parametrize(
    ("queue", "headers", "letter", "reason", "says"),
    [
        (DEAD, DIED, body(), "unknown_kind", "no actor hears toyshop.toy.make on toyshop.default"),
        (DEAD, DIED, body(args=[1]), "malformed", "args are given"),
        (DEAD, DIED, body(options=None), "malformed", "options is NoneType"),
        (DEAD, DIED, b"hello", "malformed", "not JSON"),
        (DEAD, limit(), body(), "delivery_limit", "more often than its delivery limit"),
        (DEAD, limit(), b"hello", "malformed", "not JSON"),
        (DEAD, {}, body(), "unknown_kind", "on toyshop.default"),
        (UNROUTABLE, {}, body(), "unroutable", "its queue toyshop.default was not there"),
    ],
    ids=["kind", "shape", "types", "no message", "limit", "limit of no message", "put there by hand", "parked"],
)
def test_reason_is_found(queue: str, headers: dict[str, Any], letter: bytes, reason: str, says: str) -> None:
    """RabbitMQ says how it left its queue, its body says the rest."""
    fate = fate_of(queue, "toyshop.default", headers, letter)

    assert (fate.queue, fate.reason, fate.body) == ("toyshop.default", reason, letter)
    assert says in fate.error


def test_same_letter_has_the_same_identity() -> None:
    """Given out twice it is one failed job; the same body that dies later is another."""
    letter = body()
    later = {"x-death": [{**DIED["x-death"][0], "time": datetime(2026, 3, 2, tzinfo=UTC)}]}

    first, again, other = (fate_of(DEAD, "", headers, letter).failed_id for headers in (DIED, DIED, later))

    assert first == again != other


def test_headers_are_kept_as_json() -> None:
    """Whatever AMQP can carry."""
    headers = {**DIED, "odd": {1: [b"\xff", None, 1.5, True]}}

    kept = fate_of(DEAD, "", headers, body()).headers

    assert orjson.loads(orjson.dumps(kept))["odd"] == {"1": [repr(b"\xff"), None, 1.5, True]}
    assert kept is not None
    assert kept["x-death"][0]["time"] == "2026-03-01T00:00:00+00:00"
