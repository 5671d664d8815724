"""Which process is told which setting. A secret goes only to those who need it."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

CONCERNS = ("ticketing", "payments", "notifications", "webhooks", "appointments")
SERVICES = ("gateway", "scheduler", "relay", *CONCERNS)
"""Every process of the stack, in the order of the progress lines. Each is `python -m services.<name>`."""

COMMON = (
    *("DATABASE_URL", "RABBITMQ_URL", "STORAGE_URL", "PUBLIC_URL", "BELLHOP_SERVICES"),
    *("TIMEZONE", "OPERATIONS_EMAIL"),
)
"""What every process reads."""

# A name with a service's prefix goes to that service, unless it stands here.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    # the gateway derives the roles of the services whose routers it mounts; the others sign or encrypt with it
    "SECRET_KEY": ("gateway", "ticketing", "webhooks", "appointments"),
    # for `bellhop credentials rotate` alone
    "FORMER_SECRET_KEY": (),
    "BELLHOP_PORT": ("gateway",),
    # whoever receives a webhook verifies it
    "PAYMENTS_STRIPE_WEBHOOK_SECRET": ("gateway",),
    "APPOINTMENTS_CALCOM_WEBHOOK_SECRET": ("gateway",),
    # Retell signs with the API key itself
    "APPOINTMENTS_RETELL_API_KEY": ("gateway", "appointments"),
    # the pages on which people move their appointments show the times that are free now
    "APPOINTMENTS_CALCOM_API_KEY": ("gateway", "appointments"),
    "APPOINTMENTS_CALCOM_BASE_URL": ("gateway", "appointments"),
    # an address is looked at when it is registered and again when something is sent to it
    "WEBHOOKS_ALLOWED_NETWORKS": ("gateway", "webhooks"),
}

PREFIXES = tuple(f"{name.upper()}_" for name in (*SERVICES, "media", "reports"))

# Named by the interface, but about the stack and not for a process.
ABOUT = ("BELLHOP_URL", "BELLHOP_API_KEY", "RABBITMQ_MANAGEMENT_URL", "MAIL_DIR")


def is_setting(name: str) -> bool:
    """Whether this environment variable is one of Bellhop's settings, which are given out one by one."""
    return name in COMMON or name in ABOUT or name in ELSEWHERE or name == "HTTP_PORT" or name.startswith(PREFIXES)


def goes_to(name: str, service: str) -> bool:
    """Whether a service is told this setting."""
    if name in ELSEWHERE:
        return service in ELSEWHERE[name]
    return name in COMMON or name.startswith(f"{service.upper()}_")


@dataclass
class Settings:
    """All settings in force: what the environment gives, then what the stack adds for what is missing."""

    surroundings: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    values: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.values = {name: value for name, value in self.surroundings.items() if is_setting(name) and value}

    def given(self, name: str) -> bool:
        """Whether it is in force already."""
        return name in self.values

    def add(self, **defaults: str) -> None:
        """Values for what was not given."""
        self.values = {**defaults, **self.values}

    def for_service(self, service: str, **own: str) -> dict[str, str]:
        """The whole environment of one process: everything that is not a setting, and the settings it is told."""
        told = {name: value for name, value in self.values.items() if goes_to(name, service)}
        return {**self.around(), **told, **own}

    def for_console(self) -> dict[str, str]:
        """The environment of `migrate` and of whoever operates: all settings, with the database owner's URL."""
        return {**self.around(), **self.values}

    def as_shell(self) -> str:
        """Lines of NAME=value that a shell can source."""
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(self.values.items()))

    def around(self) -> dict[str, str]:
        """The environment of a process that is told no setting at all."""
        return {name: value for name, value in self.surroundings.items() if not is_setting(name)}
