"""Settings of the relay, with the prefix RELAY_."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class RelaySettings(BaseSettings):
    """`batch` rows are claimed at a time by each of `lanes` threads; finished rows stay `retention_days`."""

    model_config = SettingsConfigDict(env_prefix="RELAY_", extra="ignore", frozen=True)

    batch: int = 1000
    lanes: int = 2
    poll_seconds: float = 0.25
    retention_days: int = 30
