"""Currencies and amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.domain.money import CURRENCIES, currency_code, money_text
from shared.money import THREE_DECIMAL, ZERO_DECIMAL


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (2_550, "eur", "25.50 EUR"),
        (5, "usd", "0.05 USD"),
        (0, "gbp", "0.00 GBP"),
        (500, "jpy", "500 JPY"),
        (1_234_567, "kwd", "1234.567 KWD"),
        (-50, "eur", "-0.50 EUR"),
        (7, "EUR", "0.07 EUR"),
    ],
)
def test_an_amount_reads_as_people_write_it(amount: int, currency: str, text: str) -> None:
    """Two decimals, or what the currency has."""
    assert money_text(amount, currency) == text


@pytest.mark.parametrize("text", ["eur", "EUR", "Eur"])
def test_a_currency_is_kept_in_lower_case(text: str) -> None:
    """As Stripe writes it."""
    assert currency_code(text) == "eur"


@pytest.mark.parametrize("text", ["", "eu", "xyz", "euro", "€", "eur "])
def test_what_is_no_currency_is_refused(text: str) -> None:
    """Also a misspelt one: nothing could ever be paid in it."""
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_code(text)


def test_the_special_currencies_are_currencies() -> None:
    """A typing error in a list would change an amount by a factor of a hundred."""
    assert ZERO_DECIMAL | THREE_DECIMAL < CURRENCIES


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(CURRENCIES)))
def test_no_digit_of_an_amount_is_lost(amount: int, currency: str) -> None:
    """Without its point, the text is the amount again."""
    assert int(money_text(amount, currency).split()[0].replace(".", "")) == amount
