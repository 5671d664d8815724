"""Whatever lies in a queue: it ends as a failed job that says why, and the messages beside it are unharmed."""

import json
from typing import Any

import orjson
import pika

from shared.contracts.webhooks import StripeEventReceived
from shared.ids import new_id
from shared.messaging.envelope import Envelope
from tests.e2e.running import RunningStack, place_order, put_on_sale, wait_for_status
from tests.support.waiting import wait_for

QUEUE = "payments.default"
KIND = StripeEventReceived.kind


def _changed(**changes: Any) -> bytes:
    """A message of a known kind, with other envelope fields."""
    message = orjson.loads(Envelope(kind=KIND, fields={}, message_id=new_id(), queue=QUEUE).encode())
    return orjson.dumps({**message, **changes})


MALFORMED = {
    "nothing": b"",
    "not JSON": b"pay me",
    "not UTF-8": b"\xff\xfe\x00",
    "an array": b"[]",
    "null": b"null",
    "fields missing": b'{"actor_name": "payments"}',
    "unknown field": _changed(surprise=True),
    "options null": _changed(options=None),
    "args": _changed(args=[1]),
    "kwargs a list": _changed(kwargs=[]),
    "id not a UUID": _changed(message_id="17"),
    "turn zero": _changed(options={"turn": 0}),
    "turn a word": _changed(options={"turn": "first"}),
    "an eta": _changed(options={"eta": 1}),
    "timestamp a word": _changed(message_timestamp="now"),
    "too large": _changed(kwargs={"filling": "x" * 70_000}),
    "ten megabytes": _changed(kwargs={"filling": "x" * 10_000_000}),
}
UNKNOWN_KIND = _changed(actor_name="payments.payment.juggle")
INVALID_PAYLOAD = _changed()


def test_malformed_messages_end_as_failed_jobs_and_harm_nobody(stack: RunningStack) -> None:
    """Each has its reason in `bellhop failed list`; the worker is the same process as before, and goes on."""
    worker = stack.processes()["payments"]
    bodies = [*MALFORMED.values(), UNKNOWN_KIND, INVALID_PAYLOAD]
    _put(stack, bodies)

    def jobs() -> list[dict[str, Any]]:
        found = json.loads(stack.console("failed", "list", "--service", "payments", "--json"))
        return list(found) if len(found) >= len(bodies) else []

    reasons = sorted(job["reason"] for job in wait_for(jobs, 30, "all of them to be failed jobs", every=1))
    order = place_order(stack.shop, put_on_sale(stack.shop))
    stack.shop.stripe_says_paid(order)
    wait_for_status(stack.shop, order, "fulfilled")
    discarded = stack.console("failed", "discard", "--all", "--service", "payments", "--note", "made by a test")
    assert reasons == sorted(["malformed"] * len(MALFORMED) + ["unknown_kind", "permanent"])
    assert stack.processes()["payments"] == worker
    assert f"discarded {len(bodies)} failed jobs" in discarded


def _put(stack: RunningStack, bodies: list[bytes]) -> None:
    """Publish them with confirms, straight into a service's queue, as a stranger with access to the broker could."""
    connection = pika.BlockingConnection(pika.URLParameters(stack.env["RABBITMQ_URL"]))
    channel = connection.channel()
    channel.confirm_delivery()
    for body in bodies:
        channel.basic_publish("", QUEUE, body, pika.BasicProperties(delivery_mode=2), mandatory=True)
    connection.close()
