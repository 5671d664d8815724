"""What is published for media, and when."""

from shared.contracts.media import SweepMedia
from shared.schedules import Schedule

SCHEDULES = [
    Schedule("media.sweep", "17 3 * * *", SweepMedia(), missed="run_once"),
]
