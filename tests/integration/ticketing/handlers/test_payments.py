"""What money that came in does to an order."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.ticketing.domain.orders import OrderStatus
from services.ticketing.handlers import orders
from shared.contracts.notifications import AlertOperations
from shared.contracts.ticketing import GenerateTickets, OrderExpired, OrderPaid, PaymentRefused
from shared.ids import new_id
from tests.integration.ticketing.scene import HOLD, OVER, Scene

HELD, PAID, EXPIRED, FULFILLED = OrderStatus.HELD, OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.FULFILLED


def refusals(scene: Scene) -> list[tuple[str, bool]]:
    """Reason and refund of every refusal. Each one was also told to people."""
    refused = scene.published(PaymentRefused)
    alerts = scene.published(AlertOperations)
    assert [alert["fingerprint"] for alert in alerts] == [f"payment_refused:{one['payment_id']}" for one in refused]
    return [(one["reason"], one["refund_due"]) for one in refused]


def test_the_exact_amount_pays_a_held_order(scene: Scene) -> None:
    """It is told as paid, by this payment, and its tickets are asked for; the stock stays taken."""
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    order = scene.order(event, {kind.id: 2})
    message = scene.payment(order, currency="EUR")
    scene.pay(message)
    (paid,) = scene.published(OrderPaid)
    assert (scene.stored(order).status, scene.reserved(kind), refusals(scene)) == (PAID, 2, [])
    assert (paid["order_id"], paid["payment_id"]) == (str(order.id), str(message.payment_id))
    assert scene.published(GenerateTickets) == [{"order_id": str(order.id)}]


@pytest.mark.parametrize("swept", [True, False])
def test_a_late_payment_takes_the_stock_again_where_it_is_free(scene: Scene, swept: bool) -> None:
    """Whether the sweep has freed it meanwhile, or has not come yet."""
    event = scene.event()
    kind = scene.ticket_type(event, 2)
    order = scene.order(event, {kind.id: 2}, hold=OVER)
    if swept:
        scene.sweep()
    scene.pay(scene.payment(order))
    assert (scene.stored(order).status, scene.reserved(kind), refusals(scene)) == (PAID, 2, [])


def test_a_late_payment_for_tickets_that_others_have_is_due_back(scene: Scene) -> None:
    """The order stays expired, the others keep their tickets, people are told."""
    event = scene.event()
    kind = scene.ticket_type(event, 2)
    late = scene.order(event, {kind.id: 2}, hold=OVER)
    other = scene.order(event, {kind.id: 1})
    scene.pay(scene.payment(late))
    assert (scene.stored(late).status, scene.stored(other).status, scene.reserved(kind)) == (EXPIRED, HELD, 1)
    assert refusals(scene) == [("sold_out_after_expiry", True)]
    assert scene.published(OrderPaid) == []


def test_a_late_payment_takes_stock_from_holds_that_are_over_too(scene: Scene) -> None:
    """Whoever pays comes before whoever let the time pass."""
    event = scene.event()
    kind = scene.ticket_type(event, 2)
    late = scene.order(event, {kind.id: 2}, hold=OVER)
    idle = scene.order(event, {kind.id: 2}, hold=OVER)
    scene.pay(scene.payment(late))
    assert (scene.stored(late).status, scene.stored(idle).status, scene.reserved(kind)) == (PAID, EXPIRED, 2)
    assert len(scene.published(OrderExpired)) == 2


def test_a_payment_that_does_not_fit_pays_nothing(scene: Scene) -> None:
    """People decide what becomes of it; no machine sends money back."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2})
    faults: list[tuple[dict[str, Any], str]] = [
        ({"amount": 3_999}, "amount_mismatch"),
        ({"amount": 4_001}, "amount_mismatch"),
        ({"currency": "usd"}, "currency_mismatch"),
        ({"order_id": ""}, "unknown_order"),
        ({"order_id": "K7M2QX"}, "unknown_order"),
        ({"order_id": str(new_id())}, "unknown_order"),
        ({"order_id": "x" * 5_000}, "unknown_order"),
    ]
    for changes, _ in faults:
        scene.pay(scene.payment(order, **changes))
    assert refusals(scene) == [(reason, False) for _, reason in faults]
    assert (scene.stored(order).status, scene.published(OrderPaid)) == (HELD, [])


def test_the_alert_tells_people_what_happened_and_what_to_do(scene: Scene) -> None:
    """In words, with both amounts and where to look."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2})
    scene.pay(scene.payment(order, amount=3_999))
    (alert,) = scene.published(AlertOperations)
    assert alert["subject"] == "A payment of 39.99 EUR was not accepted: amount mismatch"
    assert f"order {order.number} costs 40.00 EUR, 39.99 EUR came in" in alert["text"]
    assert str(order.id) in alert["text"]
    assert "Agree with the buyer" in alert["text"]


@pytest.mark.parametrize("fulfilled", [False, True])
def test_the_same_payment_told_twice_pays_once(scene: Scene, fulfilled: bool) -> None:
    """Quietly, also when the tickets have been issued meanwhile."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2})
    message = scene.payment(order)
    scene.pay(message)
    if fulfilled:
        scene.generate(order.id)
    scene.pay(message)
    assert scene.stored(order).status is (FULFILLED if fulfilled else PAID)
    assert (len(scene.published(OrderPaid)), refusals(scene)) == (1, [])


def test_a_second_payment_of_a_paid_order_is_due_back(scene: Scene) -> None:
    """The buyer has paid twice."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2})
    first = scene.payment(order)
    scene.pay(first)
    scene.pay(scene.payment(order))
    assert (refusals(scene), scene.stored(order).payment_id) == ([("already_paid", True)], first.payment_id)


def test_a_payment_for_a_free_order_is_due_back(scene: Scene) -> None:
    """Nothing was to be paid."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5, price=0).id: 2})
    scene.pay(scene.payment(order, amount=100))
    assert refusals(scene) == [("already_paid", True)]


def test_a_payment_for_a_cancelled_order_is_due_back(scene: Scene) -> None:
    """Its tickets are on sale again."""
    event = scene.event()
    kind = scene.ticket_type(event, 5)
    order = scene.order(event, {kind.id: 2})
    with scene.work() as session:
        orders.cancel_order(session, scene.organisation_id, order.id)
    scene.pay(scene.payment(order))
    assert (refusals(scene), scene.reserved(kind)) == ([("order_cancelled", True)], 0)


def test_payments_sweeps_and_buyers_at_the_same_time_leave_the_stock_right(scene: Scene) -> None:
    """Every paid order has its stock, every other that is over has none, and the counter is their sum."""
    event = scene.event()
    kind = scene.ticket_type(event, 60)
    over = [scene.order(event, {kind.id: 2}, hold=OVER) for _ in range(30)]
    messages = [scene.payment(order) for order in over]
    with ThreadPoolExecutor(12) as pool:
        paying = [pool.submit(scene.pay, message) for message in messages]
        sweeping = [pool.submit(scene.sweep) for _ in range(6)]
        for each in (*paying, *sweeping):
            each.result(60)
    scene.sweep()
    paid = [order for order in over if scene.stored(order).status is PAID]
    assert len(paid) + len(refusals(scene)) == 30
    assert scene.reserved(kind) == 2 * len(paid)


def test_a_payment_told_ten_times_at_once_pays_once(scene: Scene) -> None:
    """The order is locked while it is decided."""
    event = scene.event()
    order = scene.order(event, {scene.ticket_type(event, 5).id: 2}, hold=HOLD)
    message = scene.payment(order)
    with ThreadPoolExecutor(10) as pool:
        for each in [pool.submit(scene.pay, message) for _ in range(10)]:
            each.result(60)
    assert (len(scene.published(OrderPaid)), refusals(scene)) == (1, [])
