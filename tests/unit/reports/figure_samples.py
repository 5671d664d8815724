"""Figures as the tests of reports start from."""

from datetime import date, timedelta

from services.reports.domain.figures import DailyFigure
from services.reports.domain.periods import Period, week_of

MONDAY = date(2026, 11, 16)
WEEK: Period = week_of(MONDAY)


def figure(
    name: str,
    count: int = 1,
    *,
    day: int = 0,
    amount: int = 0,
    currency: str = "",
    dimension: str = "",
    label: str = "",
) -> DailyFigure:
    """So many of a figure, so many days after Monday."""
    return DailyFigure(MONDAY + timedelta(days=day), name, dimension, label, currency, count, amount)


def revenue(*amounts: int, currency: str = "eur") -> list[DailyFigure]:
    """The revenue of the days from Monday on, in minor units."""
    return [figure("revenue", day=day, amount=amount, currency=currency) for day, amount in enumerate(amounts)]


def sold(label: str, *counts: int, price: int = 2_500) -> list[DailyFigure]:
    """Tickets of a type, on the days from Monday on."""
    return [
        figure("tickets_sold", count, day=day, dimension=label, label=label, currency="eur", amount=count * price)
        for day, count in enumerate(counts)
    ]
