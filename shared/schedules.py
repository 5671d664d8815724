"""What a service's schedules.py holds: which contract is published when."""

from dataclasses import dataclass
from typing import Literal

from shared.contracts.message import Command


@dataclass(frozen=True, slots=True)
class Schedule:
    """Publish `message` at each moment of `cron` (five fields, in the installation's TIMEZONE).

    `missed` says what happens to ticks that passed while nobody was there to publish them: `skip` them, publish one
    for all of them (`run_once`), or publish each (`run_all`). `name` is `service.what`, and never changes.
    """

    name: str
    cron: str
    message: Command
    missed: Literal["skip", "run_once", "run_all"] = "run_once"
