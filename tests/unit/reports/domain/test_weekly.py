"""The weekly report in words and tables."""

from collections.abc import Sequence
from uuid import UUID

from services.reports.domain.charts import chart
from services.reports.domain.figures import DailyFigure
from services.reports.domain.preferences import Preferences
from services.reports.domain.weekly import TICKET_TYPES, WeeklyReport, described
from tests.unit.reports.figure_samples import MONDAY, WEEK, figure, revenue, sold


def report(figures: Sequence[DailyFigure], before: Sequence[DailyFigure] = (), **changes: str) -> WeeklyReport:
    wanted = Preferences(**{"name": "Blue Hall", "time_zone": "Europe/Berlin", **changes})  # type: ignore[arg-type] # texts
    return WeeklyReport(UUID(int=1), MONDAY, wanted, figures, before)


def test_ticket_types_of_one_name_are_one_line_with_their_money() -> None:
    """The most sold first."""
    lines = report([*sold("Gallery", 3), *sold("Standing", 2, 4), *sold("Free", 1, price=0)]).document()["types"]
    assert lines == [["Standing", "6", "EUR 150.00"], ["Gallery", "3", "EUR 75.00"], ["Free", "1", ""]]


def test_very_many_ticket_types_end_in_others() -> None:
    """A report is no export."""
    lines = report([one for number in range(50) for one in sold(f"Type {number}", 100 - number)]).document()["types"]
    assert (len(lines), lines[-1][:2]) == (TICKET_TYPES, ["Others", f"{sum(range(51, 72)):,}"])


def test_the_table_of_days_has_the_columns_of_what_there_was() -> None:
    """And all seven days."""
    document = report([figure("check_ins", 5, day=4), figure("orders_paid", 1)], language="de").document()
    assert document["day_heads"] == ["Tag", "Bezahlte Bestellungen", "Eingelassen"]
    assert (len(document["days"]), document["days"][4]) == (7, ["Fr, 20. November", "0", "5"])


def test_charts_begin_with_those_that_show_something() -> None:
    """A mail has two, so an organisation that only takes calls sees its calls."""
    charts = report([figure("calls", 3, dimension="booked")]).charts()
    assert [one.name for one in charts] == ["calls", "revenue"]


def test_a_chart_is_described_for_those_who_do_not_see_it() -> None:
    """With its figures; days without any are passed over."""
    shown = chart("revenue", revenue(12_000, 0, 50), WEEK, "en")
    assert described(shown) == "Revenue per day, 16 to 22 November 2026 · EUR: Mon 16 EUR 120.00; Wed 18 EUR 0.50"
    assert described(chart("calls", [], WEEK, "de")).endswith(": Nichts in dieser Zeit")


def test_a_report_without_a_name_has_a_title_all_the_same() -> None:
    """PDF/UA asks for one."""
    assert (report([], name="").title, report([]).title) == ("Weekly report", "Weekly report: Blue Hall")
