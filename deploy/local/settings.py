"""Which process is told which setting. A secret goes only to those who need it."""

import os
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

CONCERNS = ("ticketing", "payments", "notifications", "webhooks", "appointments", "media", "reports")
SERVICES = ("gateway", "scheduler", "relay", *CONCERNS)
"""Every service of the stack, in the order of the progress lines."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A process of the stack: `python -m services.<service>`, for all queues of the service unless some are named.

    `threads` is how many messages it works on at a time; None is the default of every worker.
    """

    name: str
    service: str
    queues: tuple[str, ...] = ()
    threads: int | None = None
    is_heavy: bool = False
    """Whether it burns a processor, or its jobs take long: what a buyer waits for never shares a process with it."""
    niceness: int = 0
    """How far it stands back where processors are scarce, as nice(1) has it: see AFTERWARDS and BULK."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the module on the command line."""
        chosen = ("--queues", ",".join(self.queues)) if self.queues else ()
        return chosen if self.threads is None else (*chosen, "--threads", str(self.threads))


AFTERWARDS, BULK = 10, 15
"""While a machine has too much to do, what nobody stands and waits for gets a tenth of what the buyer's way gets, and
thousands of tickets, files or rows a thirtieth. compose.yaml says the same with `cpu_shares`.
"""

APART = {
    "ticketing": (
        Pool("ticketing", "ticketing", ("ticketing.events", "ticketing.critical", "ticketing.default")),
        Pool("ticketing-printing", "ticketing", ("ticketing.printing",), threads=3, is_heavy=True),
        Pool("ticketing-bulk", "ticketing", ("ticketing.bulk",), threads=2, is_heavy=True, niceness=BULK),
    ),
    "notifications": (
        Pool(
            "notifications",
            "notifications",
            ("notifications.events", "notifications.default", "notifications.email", "notifications.sms"),
        ),
        Pool("notifications-bulk", "notifications", ("notifications.bulk",), threads=2, is_heavy=True, niceness=BULK),
    ),
    "webhooks": (
        Pool("webhooks", "webhooks", ("webhooks.events", "webhooks.default"), niceness=AFTERWARDS),
        Pool("webhooks-outbound", "webhooks", ("webhooks.outbound",), threads=16, niceness=AFTERWARDS),
    ),
    "media": (
        Pool("media", "media", ("media.photos", "media.default"), is_heavy=True, niceness=AFTERWARDS),
        Pool("media-archives", "media", ("media.archives",), threads=2, is_heavy=True, niceness=BULK),
    ),
    "reports": (
        Pool("reports", "reports", ("reports.events", "reports.default"), is_heavy=True, niceness=AFTERWARDS),
        Pool(
            "reports-files",
            "reports",
            ("reports.exports", "reports.imports"),
            threads=2,
            is_heavy=True,
            niceness=BULK,
        ),
    ),
}
"""Services whose long work has a process of its own, so that it never holds up what is short."""

POOLS = tuple(pool for service in SERVICES for pool in APART.get(service, (Pool(service, service),)))
"""Every process of the stack."""

FORM = "BELLHOP_FORM"
FORMS = ("full", "small")
"""`full`, which is the default: a process for each pool. `small`: the workers of all services in two processes."""

COMMON = (
    *("DATABASE_URL", "RABBITMQ_URL", "STORAGE_URL", "PUBLIC_URL", "BELLHOP_SERVICES"),
    *("TIMEZONE", "OPERATIONS_EMAIL"),
)
"""What every process reads."""

# A name with a service's prefix goes to that service, unless it stands here.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    # the gateway derives the roles of the services whose routers it mounts; the others sign or encrypt with it
    "SECRET_KEY": ("gateway", "ticketing", "webhooks", "appointments", "media", "reports"),
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

# The gateway serves their endpoints by the same limits. None of these settings is a secret.
ALSO_TO_THE_GATEWAY = ("MEDIA_", "REPORTS_")

PREFIXES = tuple(f"{name.upper()}_" for name in SERVICES)

# Named by the interface, but about the stack and not for a process.
ABOUT = (FORM, "BELLHOP_URL", "BELLHOP_API_KEY", "RABBITMQ_MANAGEMENT_URL", "MAIL_DIR")


def is_setting(name: str) -> bool:
    """Whether this environment variable is one of Bellhop's settings, which are given out one by one."""
    return name in COMMON or name in ABOUT or name in ELSEWHERE or name == "HTTP_PORT" or name.startswith(PREFIXES)


def goes_to(name: str, service: str) -> bool:
    """Whether a service is told this setting."""
    if name in ELSEWHERE:
        return service in ELSEWHERE[name]
    if service == "gateway" and name.startswith(ALSO_TO_THE_GATEWAY):
        return True
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

    def for_services(self, services: Collection[str], **own: str) -> dict[str, str]:
        """The environment of a process that does the work of several services: what each of them is told."""
        names = {"SECRET_KEY", *(name for name in self.values if any(goes_to(name, one) for one in services))}
        return {**self.around(), **{name: self.values[name] for name in sorted(names)}, **own}

    def for_console(self) -> dict[str, str]:
        """The environment of `migrate` and of whoever operates: all settings, with the database owner's URL."""
        return {**self.around(), **self.values}

    def as_shell(self) -> str:
        """Lines of NAME=value that a shell can source."""
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(self.values.items()))

    def around(self) -> dict[str, str]:
        """The environment of a process that is told no setting at all."""
        return {name: value for name, value in self.surroundings.items() if not is_setting(name)}
