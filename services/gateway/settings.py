"""Settings of the gateway."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

MEBIBYTE = 1024 * 1024


class GatewaySettings(ServiceSettings):
    """Where the gateway listens and how much it takes in. Each has the prefix GATEWAY_ but the port: BELLHOP_PORT."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    port: int = Field(default=8080, validation_alias="BELLHOP_PORT", ge=0, le=65535)
    host: str = "127.0.0.1"
    pool_size: int = Field(default=8, ge=1, description="database connections for each mounted service")
    connections: int = Field(default=1_000, ge=1, description="open at the same time; then the idle ones make room")
    in_flight: int = Field(default=32, ge=1, description="requests worked on at the same time; the others wait")
    queue_seconds: float = Field(default=5.0, gt=0, description="how long they wait; then they are told to come again")
    body_limit: int = Field(default=MEBIBYTE, ge=1, description="bytes")
    body_room: int = Field(default=48 * MEBIBYTE, ge=1, description="bytes of all bodies that are in memory together")
    upload_limit: int = Field(default=200 * MEBIBYTE, ge=1, description="bytes of a multipart/form-data body")
    upload_rate: float = Field(default=16 * 1024, gt=0, description="bytes a second that an upload must reach at least")
    uploads: int = Field(default=64, ge=1, description="uploads that come in at the same time; others are told to wait")
    webhook_limit: int = Field(
        default=8 * MEBIBYTE,
        ge=1,
        description="bytes of a provider's webhook: an hour's call comes with the times of its words",
    )
    body_timeout: float = Field(
        default=30.0, gt=0, description="seconds for a whole body, or the next piece of an upload"
    )
    key_cache_seconds: float = Field(default=5.0, ge=0, description="how long a revoked key may still be let in")
    grace: float = Field(default=30.0, description="seconds that running requests have to end when told to stop")

    @model_validator(mode="after")
    def _bodies_have_room(self) -> Self:
        """A caller has half of the room: the largest body that is allowed must fit."""
        needed = 2 * max(self.body_limit, self.webhook_limit)
        if self.body_room < needed:
            raise ValueError(
                f"GATEWAY_BODY_ROOM is {self.body_room}, and has to be at least {needed}: "
                "twice the larger of GATEWAY_BODY_LIMIT and GATEWAY_WEBHOOK_LIMIT"
            )
        return self
