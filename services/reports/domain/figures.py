"""The daily figures: what is counted, of which days, and how days of an organisation lie in time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args

Figure = Literal[
    "orders_placed",
    "orders_paid",
    "orders_expired",
    "orders_cancelled",
    "revenue",
    "tickets_sold",
    "check_ins",
    "no_shows",
    "payments",
    "notifications",
    "calls",
    "appointments_booked",
    "appointments_cancelled",
    "appointments_from_calls",
]
FIGURES: Final[tuple[Figure, ...]] = get_args(Figure)
MOST_DAYS: Final = 400
"""Days that are shown at once: a year, and the same weeks of the year before."""
OTHERS: Final = ""
"""The dimension of what is not told apart."""


@dataclass(frozen=True, slots=True)
class DailyFigure:
    """One figure of one day. `amount` is in minor units of `currency`; both are empty where the figure is no money.

    `dimension` says of what: a ticket type, an event, a provider, an outcome, or a channel and what came of it
    (`email:sent`). `label` is its name where it has one.
    """

    day: date
    figure: str
    dimension: str
    label: str
    currency: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How an organisation's figures stand. `computed_at` is None before the first time."""

    time_zone: str
    computed_at: datetime | None


def of_figure(figures: Iterable[DailyFigure], *names: str) -> list[DailyFigure]:
    """Those of these names."""
    return [one for one in figures if one.figure in names]


def total(figures: Iterable[DailyFigure]) -> int:
    """How many there were on all days together."""
    return sum(one.count for one in figures)


def amounts(figures: Iterable[DailyFigure]) -> dict[str, int]:
    """How much there was on all days together, by currency, the largest amount first."""
    sums: dict[str, int] = {}
    for one in figures:
        if one.currency:
            sums[one.currency] = sums.get(one.currency, 0) + one.amount
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))
