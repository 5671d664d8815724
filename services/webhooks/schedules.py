"""What is published for webhooks, and when."""

from shared.contracts.webhooks import PurgeWebhooks, ReleaseWaiting
from shared.schedules import Schedule

SCHEDULES = [
    Schedule("webhooks.release_waiting", "* * * * *", ReleaseWaiting(), missed="run_once"),
    Schedule("webhooks.purge", "13 * * * *", PurgeWebhooks(), missed="run_once"),
]
