"""What is published for reports by schedule."""

from services.reports.schedules import SCHEDULES


def test_what_has_expired_is_swept_every_night() -> None:
    """Not at the full hour, when everybody is at work; a night that was missed is made up for."""
    found = {schedule.name: (schedule.cron, schedule.missed) for schedule in SCHEDULES}

    assert found["reports.sweep"] == ("37 3 * * *", "run_once")
