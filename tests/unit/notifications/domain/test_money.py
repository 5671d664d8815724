"""Amounts as people read them."""

import pytest

from services.notifications.domain.money import money


@pytest.mark.parametrize(
    ("amount", "currency", "read"),
    [
        (4_500, "eur", "EUR 45.00"),
        (5, "usd", "USD 0.05"),
        (125_000_00, "GBP", "GBP 125,000.00"),
        (1_500, "jpy", "JPY 1,500"),
        (12_345, "kwd", "KWD 12.345"),
        (500_00, "isk", "ISK 500.00"),
        (-4_500, "eur", "EUR -45.00"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(amount: int, currency: str, read: str) -> None:
    """Two for most, none for yen, three for dinars."""
    assert money(amount, currency) == read
