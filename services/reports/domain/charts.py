"""Which charts there are, and what of the figures each of them shows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

from services.reports.domain.amounts import money
from services.reports.domain.figure_words import FIGURE_WORDS, FigureWords
from services.reports.domain.figures import DailyFigure, amounts, of_figure
from services.reports.domain.periods import Period
from shared.spoken_time import Language, date_span, short_date, week_day

ChartName = Literal["revenue", "tickets", "orders", "attendance", "appointments", "calls", "notifications"]
CHARTS: Final[tuple[ChartName, ...]] = get_args(ChartName)

MOST_SERIES: Final = 5
"""What is told apart by colour; the smallest are put together beyond it."""
MOST_BARS: Final = 92
"""A quarter of a year. What is longer is shown in weeks."""
SHORT: Final = 8
"""Days that have room for their weekdays."""


@dataclass(frozen=True, slots=True)
class Series:
    """One colour. `values` are counts, or minor units of the chart's currency, one for each bar."""

    label: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over time, from zero: of several series on each other, or, where their sum means nothing, `beside` each other.

    `currency` is empty where things are counted. `names_series` where it has to be said what the colours are.
    """

    name: str
    title: str
    subtitle: str
    ticks: tuple[str, ...]
    series: tuple[Series, ...]
    currency: str
    language: Language
    nothing: str
    beside: bool = False
    names_series: bool = True

    @property
    def highest(self) -> int:
        """The height of the highest bar."""
        return (
            max((value for one in self.series for value in one.values), default=0) if self.beside else max(self.totals)
        )

    @property
    def totals(self) -> tuple[int, ...]:
        """All series together, at each place."""
        return tuple(sum(one.values[place] for one in self.series) for place in range(len(self.ticks)))

    @property
    def is_empty(self) -> bool:
        return not any(self.totals)


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Which figures a chart shows, told apart by name (`by_figure`), by what they are of, or not at all."""

    figures: tuple[str, ...]
    by: Literal["figure", "dimension", "nothing"]
    is_money: bool = False
    beside: bool = False


RECIPES: Final[Mapping[ChartName, _Recipe]] = {
    "revenue": _Recipe(("revenue",), "nothing", is_money=True),
    "tickets": _Recipe(("tickets_sold",), "dimension"),
    "orders": _Recipe(("orders_paid", "orders_expired", "orders_cancelled"), "figure"),
    "attendance": _Recipe(("check_ins", "no_shows"), "figure"),
    "appointments": _Recipe(("appointments_booked", "appointments_cancelled"), "figure", beside=True),
    "calls": _Recipe(("calls",), "dimension"),
    "notifications": _Recipe(("notifications",), "dimension"),
}


def figures_of(name: ChartName) -> tuple[str, ...]:
    """The figures that this chart is made of."""
    return RECIPES[name].figures


def chart(name: ChartName, figures: Iterable[DailyFigure], period: Period, language: Language) -> Chart:
    """The chart of these days. Of several currencies it shows the one with the largest sum, and names the others."""
    recipe, words = RECIPES[name], FIGURE_WORDS[language]
    shown = of_figure(figures, *recipe.figures)
    currency, also = _currency(shown, language) if recipe.is_money else ("", "")
    if recipe.is_money:
        shown = [one for one in shown if one.currency == currency]
    starts = _starts(period)
    weekly = len(starts) < len(period.days)
    span = date_span(period.first, period.last, language)
    parts = [span, currency.upper(), words.per_week if weekly else "", words.also.format(amounts=also) if also else ""]
    return Chart(
        name=name,
        title=words.charts[name],
        subtitle=" · ".join(part for part in parts if part),
        ticks=tuple(week_day(day, language) if len(starts) <= SHORT else short_date(day, language) for day in starts),
        series=_series(recipe, shown, starts, words),
        currency=currency,
        language=language,
        nothing=words.nothing,
        beside=recipe.beside,
        names_series=recipe.by != "nothing",
    )


def _currency(shown: Sequence[DailyFigure], language: Language) -> tuple[str, str]:
    first, *others = [*amounts(shown).items(), ("", 0)]
    return first[0], ", ".join(money(amount, code, language) for code, amount in others if code)


def _starts(period: Period) -> list[date]:
    """The first day of each bar."""
    days = period.days
    return days if len(days) <= MOST_BARS else days[::7]


def _series(
    recipe: _Recipe, shown: Sequence[DailyFigure], starts: Sequence[date], words: FigureWords
) -> tuple[Series, ...]:
    length = timedelta(days=7) if len(starts) > 1 and starts[1] - starts[0] > timedelta(days=1) else timedelta(days=1)
    place = {starts[0] + length * number: number for number in range(len(starts))}
    value: Callable[[DailyFigure], int] = (lambda one: one.amount) if recipe.is_money else (lambda one: one.count)
    sums: dict[str, list[int]] = {}
    if recipe.by != "dimension":
        sums = {words.figures[figure]: [0] * len(starts) for figure in recipe.figures}
    for one in shown:
        day = starts[0] + length * ((one.day - starts[0]) // length)
        if day in place:
            sums.setdefault(_label(recipe, one, words), [0] * len(starts))[place[day]] += value(one)
    named = [Series(label, tuple(values)) for label, values in sums.items()]
    return _largest(named, words) if recipe.by == "dimension" else tuple(named)


def _label(recipe: _Recipe, one: DailyFigure, words: FigureWords) -> str:
    if recipe.by == "dimension":
        return one.label or words.dimensions.get(one.dimension) or one.dimension or words.unnamed
    return words.figures[one.figure]


def _largest(named: Sequence[Series], words: FigureWords) -> tuple[Series, ...]:
    """The largest first; what is beyond the number of colours as one."""
    ordered = sorted(named, key=lambda one: (-sum(one.values), one.label))
    if len(ordered) <= MOST_SERIES:
        return tuple(ordered)
    rest = ordered[MOST_SERIES - 1 :]
    together = tuple(sum(values) for values in zip(*(one.values for one in rest), strict=True))
    return (*ordered[: MOST_SERIES - 1], Series(words.others, together))
