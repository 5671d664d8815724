"""What is published for appointments by schedule."""

from services.appointments.schedules import SCHEDULES


def test_missed_changes_are_looked_for_every_hour_and_calendars_read_every_few() -> None:
    """Not at the full hour, when everybody asks."""
    found = {schedule.name: schedule.cron for schedule in SCHEDULES}
    assert found == {
        "appointments.find_missed": "41 * * * *",
        "appointments.sync_calendars": "23 */6 * * *",
        "appointments.purge": "29 * * * *",
    }
