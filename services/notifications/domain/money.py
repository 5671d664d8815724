"""Amounts as people read them."""

from shared.money import decimals


def money(amount: int, currency: str) -> str:
    """`EUR 1,250.00` for 125000 minor units; the code before the number, as it reads the same in every country."""
    places = decimals(currency)
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**places)
    fraction = f".{part:0{places}d}" if places else ""
    return f"{currency.upper()} {sign}{whole:,}{fraction}"
