"""Settings of the relay, with the prefix RELAY_."""

from datetime import timedelta
from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.messaging.retention import MessagingRetention
from shared.retention import Days, check_outlasts


class RelaySettings(BaseSettings):
    """`batch` rows are claimed at a time by each of `lanes` threads.

    What is finished stays `retention_days`, what RabbitMQ has confirmed `retention_published_days`, a failed job that
    was settled `retention_failed_jobs_days`: each a number of days, or `forever`.
    """

    model_config = SettingsConfigDict(env_prefix="RELAY_", extra="ignore", frozen=True, env_ignore_empty=True)

    batch: int = 1000
    lanes: int = 2
    poll_seconds: float = 0.25
    retention_days: Days = timedelta(days=30)
    retention_published_days: Days = timedelta(days=7)
    retention_failed_jobs_days: Days = timedelta(days=7)

    @model_validator(mode="after")
    def _check_retention(self) -> Self:
        """`repair` publishes again what has no finished inbox row: of what the inbox forgot first, all of it."""
        check_outlasts(
            "RELAY_RETENTION_DAYS", self.retention_days, "RELAY_RETENTION_PUBLISHED_DAYS", self.retention_published_days
        )
        return self

    @property
    def retention(self) -> MessagingRetention:
        return MessagingRetention(self.retention_days, self.retention_failed_jobs_days)
