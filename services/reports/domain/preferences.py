"""What an organisation wants of its reports."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from shared.spoken_time import Language, language_of, zone_of

MOST_READERS: Final = 20
"""Mail addresses that get the weekly report."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """`time_zone` says whose days the figures count; `weekly_to` are mail addresses. The name may be empty."""

    name: str = ""
    time_zone: str = "UTC"
    language: str = "en"
    weekly_to: tuple[str, ...] = ()

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.time_zone)

    @property
    def spoken(self) -> Language:
        """The language that is written in."""
        return language_of(self.language)
