"""Settings of the relay, with the prefix RELAY_."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RelaySettings(BaseSettings):
    """`batch` rows are published at a time; finished rows stay `retention_days`.

    Of a queue of commands RabbitMQ holds what its consumers hold and a window before it, of `window` messages at least;
    of what is under way no organisation (no fairness key) has more than `share` of the pool's threads, or 0.2 s of its own
    rate. The outbox is looked at every `poll_seconds`, beside the notifications.
    """

    model_config = SettingsConfigDict(env_prefix="RELAY_", extra="ignore", frozen=True)

    batch: int = Field(default=1000, ge=1, le=10_000)
    window: int = Field(default=16, ge=1)
    share: float = Field(default=0.75, gt=0, le=1)
    poll_seconds: float = Field(default=0.5, gt=0)
    retention_days: int = 30
