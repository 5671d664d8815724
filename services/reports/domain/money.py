"""Amounts: integers in minor units, as numbers and as people read them."""

from decimal import Decimal

from shared.money import decimals


def major(amount: int, currency: str) -> Decimal:
    """The amount in the currency's own unit: `12.50` for 1250 minor units of a currency with two decimals."""
    return Decimal(amount).scaleb(-decimals(currency))


def written(amount: int, currency: str, *, decimal_comma: bool) -> str:
    """The amount as people of a language read it, `1,250.00` or `1.250,00`, without its currency."""
    text = f"{major(amount, currency):,}"
    return text.translate(str.maketrans(",.", ".,")) if decimal_comma else text
