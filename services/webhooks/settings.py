"""Settings of the webhooks service: what is not set is off."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class WebhooksSettings(BaseSettings):
    """The environment variables WEBHOOKS_…, and the secrets that sources sign with, under the names of their concern.

    `allowed_networks` is a list with commas (`10.20.0.0/16,fd00::/8`): deliveries may reach these though they are not
    public.
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

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value
