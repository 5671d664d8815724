"""What is published for appointments, and when."""

from shared.contracts.appointments import FindMissed, PurgeAppointments, SyncCalendars
from shared.schedules import Schedule

SCHEDULES = [
    Schedule("appointments.sync_calendars", "23 */6 * * *", SyncCalendars(), missed="run_once"),
    Schedule("appointments.find_missed", "41 * * * *", FindMissed(), missed="run_once"),
    Schedule("appointments.purge", "29 * * * *", PurgeAppointments(), missed="run_once"),
]
