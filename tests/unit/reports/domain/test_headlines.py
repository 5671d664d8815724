"""Headline figures and how they have changed."""

import pytest

from services.reports.domain.headlines import headlines
from tests.unit.reports.figure_samples import figure, revenue


@pytest.mark.parametrize(
    ("now", "before", "change", "direction"),
    [
        (120, 100, "+20 %", "up"),
        (80, 100, "\u221220 %", "down"),
        (100, 100, "unchanged", "same"),
        (5, 0, "none before", "up"),
        (0, 5, "\u2212100 %", "down"),
        (3_000, 2, "\u00d71,500", "up"),
    ],
)
def test_a_change_is_said_as_people_read_it(now: int, before: int, change: str, direction: str) -> None:
    """In percent where that says something."""
    (line,) = headlines([figure("orders_paid", now)], [figure("orders_paid", before)], "en")
    assert (line.value, line.change, line.direction) == (f"{now:,}", change, direction)


def test_each_currency_is_a_line_of_its_own() -> None:
    """They are never added up; one that there was only before is shown, too."""
    now, before = [*revenue(10_000), *revenue(500, currency="usd")], revenue(100, currency="jpy")
    lines = headlines(now, before, "de")
    assert [line.value for line in lines] == ["100,00 EUR", "5,00 USD", "0 JPY"]


def test_what_never_happens_is_not_mentioned() -> None:
    """A clinic sells no tickets."""
    lines = headlines([figure("calls", 3, dimension="booked")], [figure("appointments_booked", 2)], "en")
    assert [line.label for line in lines] == ["Calls", "Appointments booked"]


def test_nothing_at_all_is_one_line() -> None:
    """A report without figures would look broken."""
    assert [(line.label, line.value) for line in headlines([], [], "de")] == [("Bezahlte Bestellungen", "0")]
