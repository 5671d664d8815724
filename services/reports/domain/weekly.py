"""The weekly report of an organisation, as it is put into words and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.reports.domain.amounts import money, number
from services.reports.domain.charts import Chart, ChartName, chart
from services.reports.domain.figure_words import FIGURE_WORDS, FigureWords
from services.reports.domain.figures import DailyFigure, amounts, of_figure, total
from services.reports.domain.headlines import Headline, headlines
from services.reports.domain.periods import Period, week_of
from services.reports.domain.preferences import Preferences
from shared.retention import Prefix, kept_until
from shared.spoken_time import Language, date_span, full_date, week_day

REPORTS: Final = Prefix("reports", kept_until("8 weeks after the report was made"))
"""Weekly reports, by organisation and Monday."""
SHOWN_CHARTS: Final[tuple[ChartName, ...]] = (
    "revenue",
    "tickets",
    "attendance",
    "appointments",
    "calls",
    "notifications",
)
"""In the order of what people ask first."""
CHARTS_OF_A_MAIL: Final = 2
TICKET_TYPES: Final = 30
"""Lines of the table; the rest is one line."""
BY_DAY: Final = ("orders_paid", "tickets_sold", "check_ins", "no_shows", "appointments_booked")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the report in the storage. A picture is shown in the mail, described by `description`."""

    key: str
    name: str
    content_type: str
    is_picture: bool
    description: str


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """What the report of one week is made of: its figures, and those of the week before."""

    organisation_id: UUID
    monday: date
    preferences: Preferences
    figures: Sequence[DailyFigure]
    before: Sequence[DailyFigure]

    @property
    def language(self) -> Language:
        return self.preferences.spoken

    @property
    def words(self) -> FigureWords:
        return FIGURE_WORDS[self.language]

    @property
    def period(self) -> Period:
        return week_of(self.monday)

    @property
    def folder(self) -> str:
        """Where its files are in the storage."""
        return REPORTS.key(self.organisation_id, f"{self.monday:%Y-%m-%d}")

    @property
    def title(self) -> str:
        name = self.preferences.name
        return self.words.weekly_title.format(name=name) if name else self.words.weekly_title_nobody

    def headlines(self) -> list[Headline]:
        return headlines(self.figures, self.before, self.language)

    def charts(self) -> list[Chart]:
        """Those that show something; two at least."""
        every = [chart(name, self.figures, self.period, self.language) for name in SHOWN_CHARTS]
        telling = [one for one in every if not one.is_empty]
        silent = [one for one in every if one.is_empty]
        return telling + silent[: max(0, CHARTS_OF_A_MAIL - len(telling))]

    def document(self) -> Mapping[str, Any]:
        """What its template is filled with: words, all of them."""
        words, language = self.words, self.language
        span = date_span(self.period.first, self.period.last, language)
        return {
            "title": self.title,
            "author": self.preferences.name,
            "language": language,
            "period": span,
            "clock": words.clock.format(zone=self.preferences.time_zone),
            "headline": words.headline,
            "figure_heads": ["", words.this_week, words.week_before, words.change],
            "figures": [[one.label, one.value, one.before, one.change] for one in self.headlines()],
            "type_heading": words.by_ticket_type,
            "type_heads": [words.ticket_type, words.sold, words.amount],
            "types": self._ticket_types(),
            "day_heading": words.by_day,
            "day_heads": [words.day, *(words.figures[name] for name in self._columns())],
            "days": self._days(),
            "page": words.page,
            "of": words.page_of,
        }

    def _ticket_types(self) -> list[list[str]]:
        """Types of one name are one line: an organisation has its `Standing` at every event."""
        sold: dict[str, list[DailyFigure]] = {}
        for one in of_figure(self.figures, "tickets_sold"):
            sold.setdefault(one.label or self.words.unnamed, []).append(one)
        ordered = sorted(sold.items(), key=lambda item: (-total(item[1]), item[0]))
        if len(ordered) > TICKET_TYPES:
            rest = [one for _, figures in ordered[TICKET_TYPES - 1 :] for one in figures]
            ordered = [*ordered[: TICKET_TYPES - 1], (self.words.others, rest)]
        return [[name, number(total(figures), self.language), self._money(figures)] for name, figures in ordered]

    def _money(self, figures: Sequence[DailyFigure]) -> str:
        sums = amounts(figures).items()
        return ", ".join(money(amount, currency, self.language) for currency, amount in sums if amount)

    def _columns(self) -> list[str]:
        """The figures of the table by days: those of which there was any."""
        return [name for name in BY_DAY if of_figure(self.figures, name)] or ["orders_paid"]

    def _days(self) -> list[list[str]]:
        """One line for each day, and a figure in each column."""
        lines = []
        for day in self.period.days:
            today = [one for one in self.figures if one.day == day]
            name, date_ = week_day(day, self.language).partition(" ")[0], full_date(day, self.language, year=False)
            counts = [number(total(of_figure(today, column)), self.language) for column in self._columns()]
            lines.append([f"{name}, {date_}", *counts])
        return lines


def described(shown: Chart) -> str:
    """A chart in one sentence, for those who do not see it: `Revenue per day, 16 to 22 November 2026: Mon 16 120.00; …`.

    Series that are beside each other are told one after the other.
    """
    if shown.is_empty:
        return f"{shown.title}, {shown.subtitle}: {shown.nothing}"
    told = [(f"{one.label}: ", one.values) for one in shown.series] if shown.beside else [("", shown.totals)]
    said = [f"{label}{_values(shown, values)}" for label, values in told if any(values)]
    return f"{shown.title}, {shown.subtitle}: {'. '.join(said)}"


def _values(shown: Chart, values: Sequence[int]) -> str:
    said = [
        f"{tick} {money(value, shown.currency, shown.language) if shown.currency else number(value, shown.language)}"
        for tick, value in zip(shown.ticks, values, strict=True)
        if value
    ]
    return "; ".join(said[:31])
