"""What charts show of the figures."""

from datetime import date, timedelta

import pytest

from services.reports.domain.charts import CHARTS, MOST_SERIES, chart
from services.reports.domain.figure_words import FIGURE_WORDS
from services.reports.domain.figures import FIGURES, DailyFigure
from services.reports.domain.periods import Period
from services.reports.domain.weekly import described
from tests.unit.reports.figure_samples import MONDAY, WEEK, figure, revenue, sold


def test_a_bar_is_a_day_and_days_without_figures_are_zero() -> None:
    """None is left out: a gap is a statement."""
    shown = chart("revenue", revenue(100, 0, 300), WEEK, "en")
    assert shown.ticks == ("Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Sat 21", "Sun 22")
    assert shown.totals == (100, 0, 300, 0, 0, 0, 0)
    assert shown.subtitle == "16 to 22 November 2026 · EUR"


def test_currencies_are_not_mixed() -> None:
    """The largest is drawn, the others are named."""
    shown = chart("revenue", [*revenue(100), *revenue(900, currency="usd")], WEEK, "de")
    assert (shown.currency, shown.totals[0]) == ("usd", 900)
    assert shown.subtitle.endswith("USD · außerdem 1,00 EUR")


def test_more_types_than_colours_end_in_others() -> None:
    """The largest keep their names; nothing is lost."""
    figures = [one for number in range(9) for one in sold(f"Type {number}", 10 - number)]
    shown = chart("tickets", figures, WEEK, "en")
    assert [one.label for one in shown.series] == ["Type 0", "Type 1", "Type 2", "Type 3", "Others"]
    assert (len(shown.series), shown.totals[0]) == (MOST_SERIES, sum(range(2, 11)))


def test_types_of_one_name_are_one_colour() -> None:
    """Each event has its own `Standing`."""
    figures = [figure("tickets_sold", 2, dimension=f"{number}", label="Standing") for number in range(3)]
    assert [(one.label, one.values[0]) for one in chart("tickets", figures, WEEK, "en").series] == [("Standing", 6)]


def test_what_cannot_be_added_up_stands_beside_each_other() -> None:
    """An appointment that is cancelled today was booked before: their sum means nothing."""
    figures = [figure("appointments_booked", 3), figure("appointments_cancelled", 2)]
    shown = chart("appointments", figures, WEEK, "en")
    assert (shown.beside, shown.highest, shown.totals[0]) == (True, 3, 5)
    assert described(shown).endswith("Appointments booked: Mon 16 3. Appointments cancelled: Mon 16 2")


def test_outcomes_are_named_in_the_language_and_unknown_ones_as_they_are() -> None:
    """A later release may tell of others."""
    figures = [figure("calls", 3, dimension="booked"), figure("calls", 1, dimension="teleported")]
    assert [one.label for one in chart("calls", figures, WEEK, "de").series] == ["Gebucht", "teleported"]


def test_a_long_time_is_shown_in_weeks() -> None:
    """And no day of it is left out."""
    period = Period(date(2026, 1, 1), date(2026, 12, 31))
    figures = [DailyFigure(day, "orders_paid", "", "", "", 1, 0) for day in period.days]
    shown = chart("orders", figures, period, "en")
    assert (len(shown.ticks), sum(shown.totals), set(shown.totals[:-1])) == (53, 365, {7})
    assert shown.subtitle.endswith("in weeks")


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_of_nothing_is_empty_and_has_its_days(name: str) -> None:
    """Whether it knows what it would show or not."""
    shown = chart(name, [], Period(MONDAY, MONDAY + timedelta(days=2)), "en")  # type: ignore[arg-type] # of CHARTS
    assert (shown.is_empty, shown.totals) == (True, (0, 0, 0))


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_figure_and_chart_has_its_words(language: str) -> None:
    """None is forgotten in a language."""
    words = FIGURE_WORDS[language]  # type: ignore[index] # it is a language
    assert (set(words.figures), set(words.charts)) == (set(FIGURES), set(CHARTS))
    assert set(words.dimensions) == set(FIGURE_WORDS["en"].dimensions)
