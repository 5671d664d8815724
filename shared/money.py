"""How amounts are counted: as integers in minor units of their currency."""

from typing import Final

ZERO_DECIMAL: Final = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL: Final = frozenset(("bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"))
"""Currencies whose minor unit is not a hundredth, as Stripe counts amounts (https://docs.stripe.com/currencies), and for
those that it does not know as ISO 4217 does. ISK and UGX have no minor unit in ISO 4217 and two decimals at Stripe; two
it is, since amounts are compared with Stripe's.
"""


def decimals(currency: str) -> int:
    """How many digits of an amount in minor units stand behind the point."""
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2
