"""What is published for webhooks, and when."""

from shared.contracts.webhooks import PurgeWebhooks
from shared.schedules import Schedule

SCHEDULES = [Schedule("webhooks.purge", "13 * * * *", PurgeWebhooks(), missed="run_once")]
