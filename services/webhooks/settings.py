"""Settings of the webhooks service: what is not set is off."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.retention import Days, check_outlasts
from shared.settings import ServiceSettings

PROVIDERS_RETRY = timedelta(days=30)
"""Stripe sends an event again for three days by itself, and for thirty by hand; Cal.com and Retell give up sooner."""
DELIVERIES_END = timedelta(days=2)
"""The schedule of a delivery, with what its pauses may add, is over by then."""


class WebhooksSettings(ServiceSettings):
    """The environment variables WEBHOOKS_…, and the secrets that sources sign with, under the names of their concern.

    `allowed_networks` is a list with commas (`10.20.0.0/16,fd00::/8`): deliveries may reach these though they are not
    public. The retentions are days, or `forever`: of the bodies of inbound events, of these events' ids, by which a
    repetition is known, and of deliveries with their messages and attempts.
    """

    model_config = SettingsConfigDict(
        env_prefix="WEBHOOKS_", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    max_concurrency: int = Field(4, ge=1, le=100)
    """Calls at a time to one endpoint that says nothing else."""
    max_per_second: int = Field(200, ge=1, le=10_000)
    """Deliveries a second to one endpoint that says nothing else."""
    pause_after: int = Field(5, ge=1, le=1_000)
    """After so many failures in a row an endpoint is paused, and probed now and then."""
    allowed_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    stripe_webhook_secret: SecretStr = Field(default=SecretStr(""), validation_alias="PAYMENTS_STRIPE_WEBHOOK_SECRET")
    calcom_webhook_secret: SecretStr = Field(
        default=SecretStr(""), validation_alias="APPOINTMENTS_CALCOM_WEBHOOK_SECRET"
    )
    retell_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="APPOINTMENTS_RETELL_API_KEY")
    """Retell signs with the API key itself."""
    retention_bodies_days: Days = timedelta(days=30)
    retention_inbound_days: Days = timedelta(days=90)
    retention_deliveries_days: Days = timedelta(days=30)

    @model_validator(mode="after")
    def _check_retention(self) -> Self:
        """What is repeated after its id was forgotten would be taken in once more."""
        inbound, name = self.retention_inbound_days, "WEBHOOKS_RETENTION_INBOUND_DAYS"
        check_outlasts(name, inbound, "the time in which providers send an event again", PROVIDERS_RETRY)
        check_outlasts(name, inbound, "WEBHOOKS_RETENTION_BODIES_DAYS", self.retention_bodies_days)
        check_outlasts(
            "WEBHOOKS_RETENTION_DELIVERIES_DAYS",
            self.retention_deliveries_days,
            "the schedule of a delivery",
            DELIVERIES_END,
        )
        return self

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value
