"""Amounts as people read them."""

ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
"""Currencies whose minor unit is not a hundredth, as Stripe counts amounts: https://docs.stripe.com/currencies.
ISK and UGX have no minor unit in ISO 4217 and two decimals there; two it is, since amounts are compared with Stripe's.
"""


def decimals(currency: str) -> int:
    """How many digits of an amount in minor units stand behind the point."""
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def money(amount: int, currency: str) -> str:
    """`EUR 1,250.00` for 125000 minor units; the code before the number, as it reads the same in every country."""
    places = decimals(currency)
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**places)
    fraction = f".{part:0{places}d}" if places else ""
    return f"{currency.upper()} {sign}{whole:,}{fraction}"
