"""What is published for notifications, and when."""

from shared.contracts.notifications import PurgeNotifications
from shared.schedules import Schedule

SCHEDULES = [Schedule("notifications.purge", "19 * * * *", PurgeNotifications(), missed="run_once")]
