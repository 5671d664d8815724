"""Which process is told which setting."""

import pytest

from deploy.local.settings import BULK, CONCERNS, POOLS, SERVICES, Settings, goes_to, is_setting
from shared.discovery import actor_declarations


def _told(name: str) -> set[str]:
    return {service for service in SERVICES if goes_to(name, service)}


@pytest.mark.parametrize("name", ["DATABASE_URL", "RABBITMQ_URL", "STORAGE_URL", "PUBLIC_URL", "TIMEZONE"])
def test_common_settings_go_to_everybody(name: str) -> None:
    """What every process reads."""
    assert _told(name) == set(SERVICES)


@pytest.mark.parametrize(
    ("name", "services"),
    [
        ("PAYMENTS_STRIPE_WEBHOOK_SECRET", {"gateway"}),
        ("PAYMENTS_STRIPE_API_KEY", {"payments"}),
        ("NOTIFICATIONS_SMTP_URL", {"notifications"}),
        ("NOTIFICATIONS_TWILIO_AUTH_TOKEN", {"notifications"}),
        ("WEBHOOKS_ALLOWED_NETWORKS", {"gateway", "webhooks"}),
        ("APPOINTMENTS_CALCOM_WEBHOOK_SECRET", {"gateway"}),
        ("APPOINTMENTS_CALCOM_API_KEY", {"gateway", "appointments"}),
        ("APPOINTMENTS_RETELL_API_KEY", {"gateway", "appointments"}),
        ("APPOINTMENTS_REMINDERS", {"appointments"}),
        ("SECRET_KEY", {"gateway", "ticketing", "webhooks", "appointments", "media", "reports"}),
        ("MEDIA_UPLOAD_LIMIT", {"gateway", "media"}),
        ("REPORTS_IMPORT_LIMIT", {"gateway", "reports"}),
        ("GATEWAY_UPLOAD_LIMIT", {"gateway"}),
    ],
)
def test_secret_goes_only_to_those_who_need_it(name: str, services: set[str]) -> None:
    """By its prefix, unless the table says otherwise."""
    assert _told(name) == services


def test_nobody_inherits_a_setting_past_the_rules() -> None:
    """A variable of the surroundings that is a setting reaches a process by the rules only; all others pass."""
    settings = Settings({"PATH": "/bin", "LOG_LEVEL": "DEBUG", "PAYMENTS_STRIPE_API_KEY": "sk", "HTTP_PORT": "1"})

    assert settings.for_service("relay") == {"PATH": "/bin", "LOG_LEVEL": "DEBUG"}
    assert settings.for_service("payments")["PAYMENTS_STRIPE_API_KEY"] == "sk"


def test_what_is_given_wins() -> None:
    """Over what the stack would add; an empty variable gives nothing."""
    settings = Settings({"DATABASE_URL": "postgresql://given", "SECRET_KEY": ""})

    settings.add(DATABASE_URL="postgresql://own", SECRET_KEY="own")

    assert settings.values == {"DATABASE_URL": "postgresql://given", "SECRET_KEY": "own"}


def test_shell_reads_any_value_back() -> None:
    """Blanks, quotes and dollars are quoted."""
    settings = Settings({"NOTIFICATIONS_FROM": "The 'Box' $Office <a@b.example>"})

    assert settings.as_shell() == "NOTIFICATIONS_FROM='The '\"'\"'Box'\"'\"' $Office <a@b.example>'\n"


@pytest.mark.parametrize("name", ["PATH", "HOME", "LANG", "LOG_LEVEL", "WORKER_THREADS"])
def test_surroundings_are_no_settings(name: str) -> None:
    """They are passed on as they are."""
    assert not is_setting(name)


def test_long_work_has_processes_of_its_own() -> None:
    """Each is the service's own program, told its queues; a service without long work is one process for all of them."""
    commands = {pool.name: (pool.service, *pool.arguments) for pool in POOLS}
    assert commands["media-archives"] == ("media", "--queues", "media.archives", "--threads", "2")
    assert commands["reports"] == ("reports", "--queues", "reports.events,reports.default")
    assert commands["ticketing-printing"] == ("ticketing", "--queues", "ticketing.printing", "--threads", "3")
    assert commands["ticketing-bulk"] == ("ticketing", "--queues", "ticketing.bulk", "--threads", "2")
    assert commands["payments"] == ("payments",)


def test_what_is_done_in_bulk_shares_no_process() -> None:
    """A thousand mails of one tenant, or the tickets of a large order, take no processor time from a buyer's two."""
    declared = {one.queue for service in CONCERNS for one in actor_declarations(service)}
    bulk = {queue for queue in declared if queue.endswith(".bulk")}
    pools = {pool.queues: pool.niceness for pool in POOLS if bulk.intersection(pool.queues)}
    assert pools == {(queue,): BULK for queue in bulk}
