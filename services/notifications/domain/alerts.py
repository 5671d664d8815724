"""How often the same thing is told."""

from dataclasses import dataclass
from datetime import timedelta

QUIET = timedelta(hours=1)
"""After an alert was told, others with its fingerprint are counted and not told for so long."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What becomes of an alert. `number` counts the tellings of its fingerprint, `kept_back` those since the last."""

    is_told: bool
    number: int
    kept_back: int
