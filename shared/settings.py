"""Settings are environment variables. A service adds its own with its own prefix."""

import difflib
import os
import re
from collections.abc import Iterable
from typing import Final, Self

from pydantic import AliasChoices, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every process reads. A value that is missing or wrong stops the process with its name."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str
    rabbitmq_url: str
    storage_url: str = "file:///var/lib/bellhop"
    secret_key: SecretStr = SecretStr("")
    public_url: str = "http://127.0.0.1:8080"
    bellhop_services: str = ""
    timezone: str = "UTC"
    operations_email: str = ""
    http_port: int = 0
    http_host: str = "127.0.0.1"
    worker_threads: int = 8
    worker_grace: float = 30.0
    worker_overtime: float = 10.0
    worker_max_jobs: int | None = None
    """A worker stops after so many jobs, to be started again; so do the next two, in seconds and megabytes."""
    worker_max_seconds: float | None = None
    worker_max_memory: float | None = None
    worker_time_limit: float | None = None
    """The longest that any job of a worker may take, in seconds; it lowers what an actor declares."""
    log_level: str = "INFO"


_OF_KUBERNETES: Final = re.compile(
    r"[A-Z_]+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)"
)
"""What Kubernetes sets in every container for a Service called `gateway`, `media`, …"""

READ_BY_OTHERS: Final = frozenset(
    {
        "APPOINTMENTS_CALCOM_WEBHOOK_SECRET",
        "NOTIFICATIONS_SLACK_WEBHOOK_URL",
        "PAYMENTS_STRIPE_API_KEY",
        "PAYMENTS_STRIPE_BASE_URL",
        "PAYMENTS_STRIPE_WEBHOOK_SECRET",
    }
)
"""Settings that bear the prefix of a service and are read elsewhere (who receives a webhook verifies it), or whose names
are promised for what is still to come."""


class ServiceSettings(BaseSettings):
    """Settings of one service, all with its prefix. A variable with this prefix that is none of them stops the process:
    it is most likely misspelt, and whoever set it believes it to be in force.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    @model_validator(mode="after")
    def _refuse_unknown_names(self) -> Self:
        prefix, known = self.model_config.get("env_prefix", ""), environment_names(type(self)) | READ_BY_OTHERS
        given = {name.upper() for name, value in os.environ.items() if value and name.upper().startswith(prefix)}
        unknown = sorted(name for name in given - known if prefix and not _OF_KUBERNETES.fullmatch(name))
        if unknown:
            raise ValueError("; ".join(_unknown(name, known) for name in unknown))
        return self


def environment_names(settings: type[BaseSettings]) -> frozenset[str]:
    """The variables that a class of settings reads."""
    names: set[str] = set()
    for field_name, field in settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            names |= {str(choice) for choice in alias.choices}
        else:
            names.add(str(alias or f"{settings.model_config.get('env_prefix', '')}{field_name}").upper())
    return frozenset(names)


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"there is no setting {name}: " + (f"did you mean {near[0]}?" if near else "unset it")
