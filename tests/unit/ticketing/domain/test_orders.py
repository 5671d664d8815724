"""An order's life."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.domain.codes import ALPHABET
from services.ticketing.domain.orders import (
    Accept,
    AlreadyAccepted,
    Customer,
    Item,
    NewOrder,
    Order,
    OrderStatus,
    Payment,
    Refuse,
    decide_payment,
    new_number,
    sold_out_after_expiry,
    taken_by,
)
from services.ticketing.errors import OrderStateError

MOMENT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
OURS, OTHERS = UUID(int=1), UUID(int=2)
CUSTOMER = Customer(name="Ada", email="ada@example.com")
HELD, PAID, FULFILLED = OrderStatus.HELD, OrderStatus.PAID, OrderStatus.FULFILLED
EXPIRED, CANCELLED, REFUNDED = OrderStatus.EXPIRED, OrderStatus.CANCELLED, OrderStatus.REFUNDED

ALLOWED = {
    (HELD, PAID),
    (HELD, EXPIRED),
    (HELD, CANCELLED),
    (PAID, FULFILLED),
    (PAID, REFUNDED),
    (FULFILLED, REFUNDED),
    (EXPIRED, PAID),
}


def item(quantity: int, kind: int = 10, unit_price: int = 500) -> Item:
    return Item(
        id=UUID(int=kind + 100),
        ticket_type_id=UUID(int=kind),
        ticket_type="Standing",
        quantity=quantity,
        unit_price=unit_price,
    )


def order(status: OrderStatus, *items: Item, payment_id: UUID | None = None) -> Order:
    return Order(
        id=UUID(int=3),
        organisation_id=UUID(int=4),
        event_id=UUID(int=5),
        number="K7M2QX",
        status=status,
        amount=1_000,
        currency="eur",
        customer=CUSTOMER,
        items=items or (item(2),),
        created_at=MOMENT,
        expires_at=MOMENT + timedelta(minutes=15),
        payment_id=payment_id,
    )


def payment(amount: int = 1_000, currency: str = "eur") -> Payment:
    return Payment(id=OURS, amount=amount, currency=currency)


@pytest.mark.parametrize(("before", "after"), list(product(OrderStatus, OrderStatus)))
def test_the_state_machine_allows_exactly_its_steps(before: OrderStatus, after: OrderStatus) -> None:
    """Every pair of states is either a step of the table or an error that names both."""
    try:
        order(before).check_step(after)
        said = ""
    except OrderStateError as error:
        said = str(error)
    refusal = f"order K7M2QX is {before}: it cannot become {after}"
    assert said == ("" if (before, after) in ALLOWED else refusal)


@pytest.mark.parametrize(
    ("status", "paid_by", "amount", "currency", "expected"),
    [
        (HELD, None, 1_000, "eur", Accept()),
        (HELD, None, 1_000, "EUR", Accept()),
        (EXPIRED, None, 1_000, "eur", Accept(retake=True)),
        (PAID, OURS, 1_000, "eur", AlreadyAccepted()),
        (FULFILLED, OURS, 1_000, "eur", AlreadyAccepted()),
        (PAID, OTHERS, 1_000, "eur", ("already_paid", True)),
        (FULFILLED, OTHERS, 1_000, "eur", ("already_paid", True)),
        (PAID, None, 1_000, "eur", ("already_paid", True)),
        (CANCELLED, None, 1_000, "eur", ("order_cancelled", True)),
        (REFUNDED, OURS, 1_000, "eur", ("order_cancelled", True)),
        (HELD, None, 999, "eur", ("amount_mismatch", False)),
        (HELD, None, 1_001, "eur", ("amount_mismatch", False)),
        (EXPIRED, None, 999, "eur", ("amount_mismatch", False)),
        (HELD, None, 1_000, "usd", ("currency_mismatch", False)),
        (HELD, None, 5, "usd", ("currency_mismatch", False)),
        (CANCELLED, None, 5, "usd", ("order_cancelled", True)),
        (PAID, OTHERS, 5, "usd", ("already_paid", True)),
    ],
)
def test_a_payment_is_decided_by_status_payer_and_amount(
    status: OrderStatus, paid_by: UUID | None, amount: int, currency: str, expected: object
) -> None:
    """The whole table of what a payment does to an order."""
    decision = decide_payment(order(status, payment_id=paid_by), payment(amount, currency))
    shown = (decision.reason, decision.refund_due) if isinstance(decision, Refuse) else decision
    assert shown == expected


def test_a_refusal_says_what_was_expected_and_what_came() -> None:
    """People who read the alert need no second look-up."""
    decision = decide_payment(order(HELD), payment(999))
    assert isinstance(decision, Refuse)
    assert decision.detail == "order K7M2QX costs 10.00 EUR, 9.99 EUR came in"


def test_a_late_payment_without_stock_is_due_back() -> None:
    """The order cannot be honoured any more."""
    assert sold_out_after_expiry(order(EXPIRED)).refund_due


@pytest.mark.parametrize(
    ("status", "minutes", "expected"),
    [(HELD, 14, HELD), (HELD, 15, EXPIRED), (HELD, 16, EXPIRED), (PAID, 16, PAID), (CANCELLED, 16, CANCELLED)],
)
def test_a_hold_that_is_over_counts_as_expired(status: OrderStatus, minutes: int, expected: OrderStatus) -> None:
    """Expiry is what the clock says, not what the sweep has reached."""
    assert order(status).status_at(MOMENT + timedelta(minutes=minutes)) is expected


def test_orders_together_hold_the_sum_of_their_items() -> None:
    """Stock is counted by ticket type over all orders."""
    orders = [order(HELD, item(2), item(1, kind=11)), order(HELD, item(3))]
    assert taken_by(orders) == {UUID(int=10): 5, UUID(int=11): 1}


@pytest.mark.parametrize(("unit_price", "status"), [(0, PAID), (1, HELD)])
def test_what_costs_nothing_is_paid_from_the_beginning(unit_price: int, status: OrderStatus) -> None:
    """A free order waits for no payment."""
    new = NewOrder(
        id=UUID(int=3),
        organisation_id=UUID(int=4),
        event_id=UUID(int=5),
        number="K7M2QX",
        currency="eur",
        customer=CUSTOMER,
        items=(item(2, unit_price=unit_price),),
    )
    assert new.status is status


@given(st.integers(0, 100))
def test_order_numbers_are_short_and_readable(_: int) -> None:
    """Six symbols without look-alikes."""
    number = new_number()
    assert len(number) == 6
    assert set(number) <= set(ALPHABET)
