"""Settings of the webhooks service come from the environment."""

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from services.webhooks.settings import WebhooksSettings


def test_nothing_is_allowed_or_set_up_by_default() -> None:
    """What is not set is off."""
    settings = WebhooksSettings()
    assert (settings.allowed_networks, settings.stripe_webhook_secret.get_secret_value()) == ((), "")


def test_allowed_networks_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv4 and IPv6, blanks allowed."""
    monkeypatch.setenv("WEBHOOKS_ALLOWED_NETWORKS", "127.0.0.0/8, ::1/128,")
    assert WebhooksSettings().allowed_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("value", ["10.0.0.0/33", "10.0.0.1/8", "anything", "*"])
def test_a_network_that_is_none_stops_the_process(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A guard with a hole that nobody meant is worse than no start."""
    monkeypatch.setenv("WEBHOOKS_ALLOWED_NETWORKS", value)
    with pytest.raises(ValidationError, match="allowed_networks"):
        WebhooksSettings()


def test_the_secret_has_the_name_of_its_concern(monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to payments, and is needed where webhooks come in."""
    monkeypatch.setenv("PAYMENTS_STRIPE_WEBHOOK_SECRET", "whsec_x")
    assert WebhooksSettings().stripe_webhook_secret.get_secret_value() == "whsec_x"


@pytest.mark.parametrize("name", ["MAX_CONCURRENCY", "MAX_PER_SECOND", "PAUSE_AFTER"])
@pytest.mark.parametrize("value", ["0", "-1", "1000000", "many"])
def test_limits_that_make_no_sense_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """By their name, when the process starts."""
    monkeypatch.setenv(f"WEBHOOKS_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        WebhooksSettings()
