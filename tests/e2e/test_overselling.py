"""More buyers than tickets, all at the same moment."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import httpx2

from tests.e2e.running import RunningStack, order_body, put_on_sale

BUYERS, TICKETS = 200, 50
LONGEST_WAIT_SECONDS = 3.0


def test_two_hundred_buyers_get_fifty_tickets(stack: RunningStack) -> None:
    """Exactly as many are sold as there are; everybody else is told at once that they are sold out."""
    event = put_on_sale(stack.shop, quantity=TICKETS)
    answers = _buy_all_at_once(stack, event)
    outcomes = Counter((status, code) for status, code, _ in answers)
    slowest = max(seconds for _, _, seconds in answers)
    path = f"/v1/events/{event['id']}/ticket-types/{event['ticket_type']['id']}"
    held = stack.value(
        "SELECT sum(item.quantity) FROM ticketing.order_items AS item JOIN ticketing.orders AS sold "
        "ON sold.id = item.order_id WHERE sold.event_id = %s AND sold.status = 'held'",
        event["id"],
    )
    left = stack.shop.get(path)["available"]
    assert outcomes == {(201, None): TICKETS, (409, "sold_out"): BUYERS - TICKETS}
    assert (held, left) == (TICKETS, 0)
    assert slowest < LONGEST_WAIT_SECONDS, f"somebody waited {slowest:.2f} s; all waits: {sorted(answers)[-5:]}"


def _buy_all_at_once(stack: RunningStack, event: dict[str, Any]) -> list[tuple[int, str | None, float]]:
    """One ticket for each buyer: status, error code and seconds of each answer."""
    start = Barrier(BUYERS)
    limits = httpx2.Limits(max_connections=BUYERS, max_keepalive_connections=BUYERS)
    with httpx2.Client(base_url=stack.env["BELLHOP_URL"], limits=limits, timeout=30) as client:

        def buy(_: int) -> tuple[int, str | None, float]:
            headers = {"Authorization": f"Bearer {stack.env['BELLHOP_API_KEY']}", "Idempotency-Key": str(uuid4())}
            body = order_body(event, 1)
            start.wait(30)
            began = time.monotonic()
            answer = client.post("/v1/orders", json=body, headers=headers)
            return answer.status_code, answer.json().get("code"), time.monotonic() - began

        with ThreadPoolExecutor(BUYERS) as pool:
            return list(pool.map(buy, range(BUYERS)))
