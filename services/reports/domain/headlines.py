"""The headline figures of a report, and how they have changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.reports.domain.amounts import money, number
from services.reports.domain.figure_words import FIGURE_WORDS
from services.reports.domain.figures import DailyFigure, amounts, of_figure, total
from shared.spoken_time import Language

Direction = Literal["up", "down", "same"]

COUNTED = (
    *("orders_paid", "tickets_sold", "check_ins", "no_shows"),
    *("calls", "appointments_booked", "appointments_from_calls"),
)
"""Revenue comes first, and then these, as far as there was anything of them now or before."""
MOST_PERCENT = 999
"""Beyond it nobody reads a percentage."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure in words: `EUR 1,250.00`, before `EUR 1,116.07`, `+12 %`."""

    label: str
    value: str
    before: str
    change: str
    direction: Direction


def headlines(now: Sequence[DailyFigure], before: Sequence[DailyFigure], language: Language) -> list[Headline]:
    """What is said first. Where nothing at all has happened, that no order was paid."""
    words = FIGURE_WORDS[language]
    earned, earned_before = amounts(of_figure(now, "revenue")), amounts(of_figure(before, "revenue"))
    found = [
        _headline(
            words.figures["revenue"],
            (earned.get(currency, 0), earned_before.get(currency, 0)),
            (
                money(earned.get(currency, 0), currency, language),
                money(earned_before.get(currency, 0), currency, language),
            ),
            language,
        )
        for currency in {**earned, **earned_before}
    ]
    for name in COUNTED:
        counts = (total(of_figure(now, name)), total(of_figure(before, name)))
        if any(counts):
            found.append(_counted(words.figures[name], counts, language))
    return found or [_counted(words.figures["orders_paid"], (0, 0), language)]


def _counted(label: str, counts: tuple[int, int], language: Language) -> Headline:
    return _headline(label, counts, (number(counts[0], language), number(counts[1], language)), language)


def _headline(label: str, sizes: tuple[int, int], said: tuple[str, str], language: Language) -> Headline:
    now, before = sizes
    direction: Direction = "same" if now == before else "up" if now > before else "down"
    return Headline(label, said[0], said[1], _change(now, before, language), direction)


def _change(now: int, before: int, language: Language) -> str:
    words = FIGURE_WORDS[language]
    if now == before:
        return words.unchanged
    if before <= 0:
        return words.none_before
    percent = round((now - before) * 100 / before)
    if percent > MOST_PERCENT:
        return f"×{number(round(now / before), language)}"  # noqa: RUF001 - it is the sign of multiplication
    return f"{percent:+d} %".replace("-", "−")  # noqa: RUF001 - it is the sign of subtraction
