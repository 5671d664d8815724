"""Amounts: integers in minor units, and how many decimals a currency has."""

from decimal import Decimal
from typing import Final

ZERO_DECIMAL: Final = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL: Final = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
"""Currencies whose minor unit is not a hundredth, as Stripe counts amounts: https://docs.stripe.com/currencies."""


def decimals(currency: str) -> int:
    """How many digits of an amount in minor units stand behind the point."""
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def major(amount: int, currency: str) -> Decimal:
    """The amount in the currency's own unit: `12.50` for 1250 minor units of a currency with two decimals."""
    return Decimal(amount).scaleb(-decimals(currency))


def written(amount: int, currency: str, *, decimal_comma: bool) -> str:
    """The amount as people of a language read it, `1,250.00` or `1.250,00`, without its currency."""
    text = f"{major(amount, currency):,}"
    return text.translate(str.maketrans(",.", ".,")) if decimal_comma else text
