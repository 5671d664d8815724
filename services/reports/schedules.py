"""What is published for reports, and when."""

from shared.contracts.reports import SweepReports
from shared.schedules import Schedule

SCHEDULES: list[Schedule] = [
    Schedule("reports.sweep", "37 3 * * *", SweepReports(), missed="run_once"),
]
