"""Settings of the relay, with the prefix RELAY_."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from shared.messaging.retention import MessagingRetention
from shared.retention import Days, check_outlasts
from shared.settings import ServiceSettings


class RelaySettings(ServiceSettings):
    """`batch` rows are published at a time.

    Of a queue of commands RabbitMQ holds what its consumers hold and a window before it, of `window` messages at least;
    of what is under way no organisation has more than `share` of the pool's threads, or a moment of its own rate. The
    outbox is looked at every `poll_seconds`, beside the notifications.

    What is finished stays `retention_days`, what RabbitMQ has confirmed `retention_published_days`, a failed job that
    was settled `retention_failed_jobs_days`: each a number of days, or `forever`.
    """

    model_config = SettingsConfigDict(env_prefix="RELAY_", extra="ignore", frozen=True, env_ignore_empty=True)

    batch: int = Field(default=1000, ge=1, le=10_000)
    window: int = Field(default=16, ge=1)
    share: float = Field(default=0.75, gt=0, le=1)
    poll_seconds: float = Field(default=0.5, gt=0)
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
