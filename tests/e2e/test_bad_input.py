"""What Stripe, or somebody who says so, may send to `/webhooks/stripe`: refused, absorbed or told to people."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from deploy.local.demo.client import stripe_signature
from shared.contracts.webhooks import StripeEventReceived
from tests.e2e.running import (
    SWEEP,
    RunningStack,
    place_order,
    put_on_sale,
    stripe_event,
    wait_for_status,
)
from tests.support.waiting import wait_for

Sign = Callable[[str, bytes], dict[str, str]]

REFUSED: dict[str, tuple[Sign, int, str]] = {
    "wrong": (lambda _, body: _header(stripe_signature("whsec_of_somebody_else", body)), 401, "bad_signature"),
    "of another body": (lambda secret, _: _header(stripe_signature(secret, b"{}")), 401, "bad_signature"),
    "old": (lambda secret, body: _header(stripe_signature(secret, body, _moment(-301))), 401, "bad_signature"),
    "future": (lambda secret, body: _header(stripe_signature(secret, body, _moment(+330))), 401, "bad_signature"),
    "missing": (lambda _secret, _body: {}, 400, "malformed_webhook"),
    "no signature in it": (lambda _secret, _body: _header(f"t={_moment(0)}"), 400, "malformed_webhook"),
    "nonsense": (lambda _secret, _body: _header("please"), 400, "malformed_webhook"),
}


def _header(signature: str) -> dict[str, str]:
    return {"Stripe-Signature": signature}


def _moment(seconds: int) -> int:
    return int(time.time()) + seconds


def _send(stack: RunningStack, body: bytes, headers: dict[str, str] | None = None) -> httpx2.Response:
    """To the webhook's address; signed as Stripe signs unless there are headers."""
    signed = _header(stripe_signature(stack.env["PAYMENTS_STRIPE_WEBHOOK_SECRET"], body))
    url = f"{stack.env['BELLHOP_URL']}/webhooks/stripe"
    return httpx2.post(url, content=body, headers=signed if headers is None else headers, timeout=20)


def _stored(stack: RunningStack, event_id: str) -> int:
    found = stack.value("SELECT count(*) FROM webhooks.inbound_events WHERE external_id = %s", event_id)
    return int(found)


def _payment(stack: RunningStack, order_reference: str) -> tuple[Any, ...] | None:
    rows = stack.query("SELECT state, reason FROM payments.payments WHERE order_reference = %s", order_reference)
    return rows[0] if rows and rows[0][0] != "received" else None


@pytest.mark.parametrize("signature", REFUSED)
def test_a_signature_that_does_not_hold_is_refused(stack: RunningStack, signature: str) -> None:
    """The right body with the wrong proof: a clear error, nothing stored, the order as it was."""
    order = place_order(stack.shop, put_on_sale(stack.shop))
    event_id, (sign, status, code) = f"evt_{uuid4().hex}", REFUSED[signature]
    body = stripe_event(order, id=event_id)
    answer = _send(stack, body, sign(stack.env["PAYMENTS_STRIPE_WEBHOOK_SECRET"], body))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (_stored(stack, event_id), stack.shop.get(f"/v1/orders/{order['id']}")["status"]) == (0, "held")


@pytest.mark.parametrize(
    "body", [b"", b"amount=4500", b'["an", "array"]', b'{"no": "id"}', b'{"id": "evt_1"', b"\xff\xfe"]
)
def test_a_signed_body_that_is_no_event_is_refused(stack: RunningStack, body: bytes) -> None:
    """Malformed, whoever signed it: 400, and nothing is stored."""
    answer = _send(stack, body)
    kept = stack.value("SELECT count(*) FROM webhooks.inbound_events WHERE body = %s", body)
    assert (answer.status_code, answer.json()["code"], kept) == (400, "malformed_webhook", 0)


def test_an_unknown_event_type_is_stored_and_has_no_effect(stack: RunningStack) -> None:
    """Stripe sends what nobody hears yet: 200, kept, heard by payments, and no money is booked for it."""
    order, event_id = place_order(stack.shop, put_on_sale(stack.shop)), f"evt_{uuid4().hex}"
    answer = _send(stack, stripe_event(order, id=event_id, type="treasury.flow.astonished"))
    journey = answer.headers["x-request-id"]
    heard = "SELECT kind, status FROM messaging.inbox WHERE correlation_id = %s AND service = 'payments'"
    wait_for(lambda: stack.query(heard, journey), 20, "payments to have heard the event")
    payments = stack.value("SELECT count(*) FROM payments.payments WHERE order_reference = %s", order["id"])
    assert stack.query(heard, journey) == [(StripeEventReceived.kind, "done")]
    assert (answer.status_code, _stored(stack, event_id), payments) == (200, 1, 0)
    assert stack.shop.get(f"/v1/orders/{order['id']}")["status"] == "held"


def test_the_same_event_ten_times_at_once_pays_once(stack: RunningStack) -> None:
    """Ten copies together, and one more later: each is answered 2xx, one is stored, and everything happens once."""
    order = place_order(stack.shop, put_on_sale(stack.shop))
    event_id = f"evt_{uuid4().hex}"
    body = stripe_event(order, id=event_id)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _send(stack, body), range(10)))
    fulfilled = wait_for_status(stack.shop, order, "fulfilled")
    answers.append(_send(stack, body))
    stack.mail_about(order["number"], order["customer"]["email"])
    mails = stack.value("SELECT count(*) FROM notifications.emails WHERE recipient = %s", order["customer"]["email"])
    payments = stack.value("SELECT count(*) FROM payments.payments WHERE order_reference = %s", order["id"])
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["result"] for answer in answers) == ["duplicate"] * 10 + ["stored"]
    assert (_stored(stack, event_id), payments, len(fulfilled["tickets"]), mails) == (1, 1, 2, 1)


def test_a_second_event_about_the_same_payment_pays_once(stack: RunningStack) -> None:
    """Stripe may tell of one payment in two events with ids of their own."""
    order = place_order(stack.shop, put_on_sale(stack.shop))
    answers = [_send(stack, stripe_event(order)) for _ in range(2)]
    fulfilled = wait_for_status(stack.shop, order, "fulfilled")
    payments = stack.value("SELECT count(*) FROM payments.payments WHERE order_reference = %s", order["id"])
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (payments, len(fulfilled["tickets"])) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": 8_999, "amount_received": 8_999}, "amount_mismatch"),
        ({"amount": 90_000, "amount_received": 90_000}, "amount_mismatch"),
        ({"currency": "usd"}, "currency_mismatch"),
    ],
)
def test_money_that_does_not_fit_the_order_is_looked_at_by_people(
    stack: RunningStack, changes: dict[str, Any], reason: str
) -> None:
    """Recorded, the order not paid, operations told by mail."""
    order = place_order(stack.shop, put_on_sale(stack.shop))
    answer = _send(stack, stripe_event(order, **changes))
    payment = wait_for(lambda: _payment(stack, order["id"]), 20, "the payment to be marked")
    mail = stack.mail_about(order["id"])
    assert (answer.status_code, payment) == (200, ("needs_review", reason))
    assert f"was not accepted: {reason.replace('_', ' ')}" in mail
    assert stack.shop.get(f"/v1/orders/{order['id']}")["status"] == "held"


@pytest.mark.parametrize("named", ["8d7e2b7e-0000-7000-8000-000000000000", "the order of last year", ""])
def test_money_for_an_unknown_order_is_recorded_and_told(stack: RunningStack, named: str) -> None:
    """It may be anybody's: kept under the provider's own name of it, and operations told by mail."""
    intent = f"pi_{uuid4().hex}"
    answer = _send(stack, stripe_event({"id": named, "amount": 4_500, "currency": "eur"}, payment_intent=intent))
    mail = stack.mail_about(intent)
    payment = stack.query("SELECT state, reason, amount FROM payments.payments WHERE provider_reference = %s", intent)
    assert (answer.status_code, payment) == (200, [("needs_review", "unknown_order", 4_500)])
    assert "was not accepted: unknown order" in mail


def test_a_late_payment_gets_its_tickets_if_they_are_still_free(stack: RunningStack) -> None:
    """The hold is over and its stock was freed: the stock is taken again, and the order fulfilled."""
    event = put_on_sale(stack.shop, quantity=2)
    order = _expired(stack, event)
    status = _send(stack, stripe_event(order)).status_code
    fulfilled = wait_for_status(stack.shop, order, "fulfilled")
    assert (status, len(fulfilled["tickets"]), _available(stack, event)) == (200, 2, 0)


def test_a_late_payment_whose_tickets_are_gone_is_to_be_refunded(stack: RunningStack) -> None:
    """Others have them: no ticket is issued twice, the money is marked for refund, operations told by mail."""
    event = put_on_sale(stack.shop, quantity=2)
    late = _expired(stack, event)
    place_order(stack.shop, event)
    status = _send(stack, stripe_event(late)).status_code
    payment = wait_for(lambda: _payment(stack, late["id"]), 20, "the payment to be marked")
    mail = stack.mail_about(late["id"])
    now = stack.shop.get(f"/v1/orders/{late['id']}")
    assert (status, payment) == (200, ("refund_due", "sold_out_after_expiry"))
    assert "has to go back to the buyer" in mail
    assert (now["status"], now["tickets"], _available(stack, event)) == ("expired", [], 0)


def _expired(stack: RunningStack, event: dict[str, Any]) -> dict[str, Any]:
    """An order whose hold has ended and was swept: its tickets are on sale again."""
    order = place_order(stack.shop, event)
    stack.query(
        "UPDATE ticketing.orders SET expires_at = clock_timestamp() - interval '1 s' WHERE id = %s", order["id"]
    )
    stack.console("schedules", "run", SWEEP)
    status = "SELECT status FROM ticketing.orders WHERE id = %s"
    wait_for(lambda: stack.value(status, order["id"]) == "expired", 20, "the sweep")
    return order


def _available(stack: RunningStack, event: dict[str, Any]) -> int:
    kind = stack.shop.get(f"/v1/events/{event['id']}/ticket-types/{event['ticket_type']['id']}")
    return int(kind["available"])


@pytest.mark.parametrize("path", ["/webhooks/stripe", "/v1/orders"])
def test_ten_megabytes_are_refused_unread(stack: RunningStack, path: str) -> None:
    """413 before the body was read to its end, and the next request is served."""
    body = json.dumps({"id": "evt_1", "filling": "x" * 10_000_000}).encode()
    headers = {
        **_header(stripe_signature(stack.env["PAYMENTS_STRIPE_WEBHOOK_SECRET"], body)),
        "Authorization": f"Bearer {stack.env['BELLHOP_API_KEY']}",
        "Content-Type": "application/json",
    }
    answer = httpx2.post(f"{stack.env['BELLHOP_URL']}{path}", content=body, headers=headers, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert place_order(stack.shop, put_on_sale(stack.shop))["status"] == "held"


def test_a_source_that_is_not_set_up_does_not_exist(stack: RunningStack) -> None:
    """A provider without its secret is off."""
    answer = httpx2.post(f"{stack.env['BELLHOP_URL']}/webhooks/paypal", content=b"{}", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, "source_not_set_up")
