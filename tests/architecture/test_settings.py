"""The settings that are promised are read, and under no other name."""

from deploy.local.settings import ABOUT, is_setting
from shared.settings import READ_BY_OTHERS, ServiceSettings, environment_names
from tests.architecture.settings_classes import settings_classes, settings_read

PROMISED = (
    *("DATABASE_URL", "RABBITMQ_URL", "STORAGE_URL", "SECRET_KEY", "BELLHOP_PORT", "PUBLIC_URL", "BELLHOP_SERVICES"),
    *("TIMEZONE", "OPERATIONS_EMAIL", "PAYMENTS_STRIPE_WEBHOOK_SECRET", "WEBHOOKS_ALLOWED_NETWORKS"),
    *("NOTIFICATIONS_SMTP_URL", "NOTIFICATIONS_FROM", "NOTIFICATIONS_TWILIO_ACCOUNT_SID"),
    *("NOTIFICATIONS_TWILIO_AUTH_TOKEN", "NOTIFICATIONS_TWILIO_FROM", "NOTIFICATIONS_TWILIO_BASE_URL"),
    *("APPOINTMENTS_CALCOM_API_KEY", "APPOINTMENTS_CALCOM_WEBHOOK_SECRET", "APPOINTMENTS_CALCOM_BASE_URL"),
    *("APPOINTMENTS_RETELL_API_KEY", "APPOINTMENTS_RETELL_BASE_URL"),
)
"""Names that people write into their deployments: they never change their meaning."""


def test_every_promised_setting_issettings_read() -> None:
    """A name that nobody reads would be set in vain, and silently."""
    unread = sorted(set(PROMISED) - settings_read())
    assert not unread, f"{unread} are promised and no settings class reads them"


def test_every_setting_that_is_read_is_given_out() -> None:
    """The local stack and the containers give each process the settings that they know: an unknown one never arrives."""
    unknown = sorted(name for name in settings_read() if not is_setting(name) and name not in OF_EVERY_PROCESS)
    assert not unknown, f"deploy/local/settings.py does not know {unknown}: say there who is told"


def test_settings_that_bear_the_prefix_of_another_service_are_let_be_by_it() -> None:
    """A service refuses names with its prefix that it does not know: those that others read have to be in READ_BY_OTHERS."""
    own = {
        prefix: environment_names(settings)
        for settings in settings_classes()
        if (prefix := settings.model_config.get("env_prefix", ""))
    }
    refused = sorted(
        name
        for name in settings_read() - READ_BY_OTHERS
        for prefix, names in own.items()
        if name.startswith(prefix) and name not in names
    )
    assert not refused, f"{refused} would stop a process that is told them: name them in shared/settings.py"


def test_every_service_refuses_names_that_it_does_not_know() -> None:
    """A settings class with a prefix derives from ServiceSettings."""
    lenient = [
        settings.__name__
        for settings in settings_classes()
        if settings.model_config.get("env_prefix") and not issubclass(settings, ServiceSettings)
    ]
    assert not lenient, f"{lenient}: derive them from shared.settings.ServiceSettings"


def test_nothing_is_promised_about_the_stack_alone() -> None:
    """What only describes the stack to people (ABOUT) is not a setting of a process, but for the console."""
    assert not set(ABOUT) & set(PROMISED)


OF_EVERY_PROCESS = frozenset(
    {"HTTP_HOST", "LOG_LEVEL", "WORKER_GRACE", "WORKER_OVERTIME", "WORKER_THREADS"}
    | {"WORKER_MAX_JOBS", "WORKER_MAX_SECONDS", "WORKER_MAX_MEMORY", "WORKER_TIME_LIMIT"}
)
"""How a process runs, not what it is for. They pass through `make up` as they are."""
