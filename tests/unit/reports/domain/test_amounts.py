"""Numbers and amounts as people read them."""

import pytest

from services.reports.domain.amounts import money, number, whole_units


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        (125_000, "eur", "EUR 1,250.00", "1.250,00 EUR"),
        (-5, "usd", "USD -0.05", "-0,05 USD"),
        (1_250, "jpy", "JPY 1,250", "1.250 JPY"),
        (1_250, "kwd", "KWD 1.250", "1,250 KWD"),
    ],
)
def test_money_is_written_as_the_language_has_it(amount: int, currency: str, english: str, german: str) -> None:
    """With as many decimals as the currency has."""
    assert (money(amount, currency, "en"), money(amount, currency, "de")) == (english, german)


def test_an_axis_has_whole_units() -> None:
    """Rounded."""
    assert (number(1_250, "en"), number(1_250, "de")) == ("1,250", "1.250")
    assert (whole_units(124_950, "eur", "en"), whole_units(1_250, "jpy", "de")) == ("1,250", "1.250")
