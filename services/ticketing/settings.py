"""Settings of ticketing: TICKETING_…"""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TicketingSettings(BaseSettings):
    """What this service reads from the environment besides the settings of every process."""

    model_config = SettingsConfigDict(env_prefix="TICKETING_", extra="ignore", frozen=True)

    hold_minutes: float = Field(15.0, gt=0, le=7 * 24 * 60)
    """How long an unpaid order keeps its tickets from others."""

    @property
    def hold(self) -> timedelta:
        return timedelta(minutes=self.hold_minutes)
