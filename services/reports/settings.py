"""Settings of reports: REPORTS_…"""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReportsSettings(BaseSettings):
    """What this service reads from the environment besides the settings of every process."""

    model_config = SettingsConfigDict(env_prefix="REPORTS_", extra="ignore", frozen=True, env_ignore_empty=True)

    rebuild_step_events: int = Field(10_000, ge=1, le=100_000)
    """How many logged events one step of a rebuild applies in its transaction."""
