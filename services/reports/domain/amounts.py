"""Numbers and amounts of money as people read them, in their language."""

from services.reports.domain.money import written
from shared.money import decimals
from shared.spoken_time import Language


def number(count: int, language: Language) -> str:
    """`1,250`, `1.250`."""
    return f"{count:,}".replace(",", "." if language == "de" else ",")


def money(amount: int, currency: str, language: Language) -> str:
    """`EUR 1,250.00`, `1.250,00 EUR`, from minor units."""
    said = written(amount, currency, decimal_comma=language == "de")
    return f"{said} {currency.upper()}" if language == "de" else f"{currency.upper()} {said}"


def whole_units(amount: int, currency: str, language: Language) -> str:
    """`1,250` for 125000 minor units of a currency with two decimals, rounded: for an axis."""
    size = 10 ** decimals(currency)
    return number((amount + size // 2) // size, language)
