"""What is read out of Stripe's events, and what is refused."""

from typing import Any

import pytest

from services.payments.adapters.stripe import StripeEvents
from services.payments.errors import UnexpectedProviderShapeError
from shared.clock import now

INTENT: dict[str, Any] = {
    "id": "pi_1PgafyB7WZ01zgkWSjxsAJo3",
    "object": "payment_intent",
    "amount": 5000,
    "amount_received": 4598,
    "currency": "usd",
    "latest_charge": "ch_1PgafuB7WZ01zgkWXYmPNZs8",
    "metadata": {"order_id": "0190f7a2-7c53-7b8e-9d4e-2f6f5a1c8b10"},
}


def test_the_amount_received_counts_not_the_amount_asked_for() -> None:
    """An intent can be captured in part."""
    receipt = StripeEvents().receipt(INTENT, now(), livemode=True)
    assert (receipt.amount, receipt.currency, receipt.livemode) == (4598, "usd", True)


@pytest.mark.parametrize(
    ("charge", "reference"),
    [("ch_1", "ch_1"), ({"id": "ch_2", "object": "charge", "paid": True}, "ch_2"), (None, None)],
)
def test_the_charge_is_an_id_an_object_or_missing(charge: object, reference: str | None) -> None:
    """Stripe expands it where it was asked to."""
    receipt = StripeEvents().receipt({**INTENT, "latest_charge": charge}, now(), livemode=False)
    assert receipt.charge_reference == reference


@pytest.mark.parametrize(
    ("metadata", "order"),
    [
        ({"order_id": "abc"}, "abc"),
        ({}, ""),
        (None, ""),
        ([], ""),
        ({"order_id": None}, ""),
        ({"order_id": 7}, ""),
        ({"order_id": "a\x00b\nc"}, "abc"),
        ({"order_id": "x" * 900}, "x" * 500),
    ],
)
def test_money_is_read_whatever_the_order_reference_is(metadata: object, order: str) -> None:
    """It may be missing, of another type, or hold what PostgreSQL does not take."""
    receipt = StripeEvents().receipt({**INTENT, "metadata": metadata}, now(), livemode=False)
    assert receipt.order_reference == order


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount_received", None, "amount_received must be a positive integer in minor units: it is missing"),
        ("amount_received", "4598", "it is '4598' \\(str\\)"),
        ("amount_received", -1, "it is '-1' \\(int\\)"),
        ("amount_received", 0, "positive"),
        ("amount_received", 45.98, "float"),
        ("amount_received", True, "bool"),
        ("amount_received", 2**60, "positive integer"),
        ("currency", None, "currency must be three letters: it is missing"),
        ("currency", "dollar", "three letters"),
        ("currency", 840, "three letters"),
        ("id", None, "id must be a text"),
        ("id", "", "id must be a text"),
        ("id", "pi_\x00", "id must be a text"),
        ("latest_charge", 5, "latest_charge must be a text"),
        ("latest_charge", {"object": "charge"}, "latest_charge must be a text"),
    ],
)
def test_an_unexpected_shape_is_refused_with_its_name(field: str, value: object, said: str) -> None:
    """The failed job must say what was wrong, without anybody reading the object."""
    with pytest.raises(UnexpectedProviderShapeError, match=said):
        StripeEvents().receipt({**INTENT, field: value}, now(), livemode=False)


def test_the_currency_is_lower_case() -> None:
    """Stripe writes it so; anybody else's is made so."""
    assert StripeEvents().receipt({**INTENT, "currency": "EUR"}, now(), livemode=False).currency == "eur"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": []}', b'{"data": {"object": 1}}', b"\xff"])
def test_a_stored_event_without_an_object_is_refused(body: bytes) -> None:
    """The storage gives bytes, which may be anything."""
    with pytest.raises(UnexpectedProviderShapeError):
        StripeEvents().object_in(body)


@pytest.mark.parametrize(("event_type", "concerns"), [("payment_intent.succeeded", True), ("charge.updated", False)])
def test_only_money_that_came_in_is_of_concern(event_type: str, concerns: bool) -> None:
    """Other types are stored, and have no effect."""
    assert StripeEvents().concerns_money(event_type) is concerns
