"""What is published for reports, and when."""

from shared.schedules import Schedule

SCHEDULES: list[Schedule] = []
