"""What is published for reports, and when."""

from shared.contracts.reports import ComputeFigures, SendWeeklyReports, SweepReports
from shared.schedules import Schedule

SCHEDULES: list[Schedule] = [
    Schedule("reports.figures", "7 */6 * * *", ComputeFigures(), missed="run_once"),
    Schedule("reports.weekly", "0 6 * * 1", SendWeeklyReports(), missed="run_once"),
    Schedule("reports.sweep", "37 3 * * *", SweepReports(), missed="run_once"),
]
