"""What the process puts together from its settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.notifications.__main__ import build_dependencies
from services.notifications.settings import NotificationsSettings
from shared.settings import Settings


def shared_settings(tmp_path: Path, operations: str = "") -> Settings:
    return Settings(
        database_url="postgresql://nowhere",
        rabbitmq_url="amqp://nowhere",
        storage_url=f"file://{tmp_path}",
        timezone="Europe/Berlin",
        operations_email=operations,
    )


def test_what_is_not_set_is_off(tmp_path: Path) -> None:
    """No mail server, no Twilio, nobody to alert."""
    dependencies = build_dependencies(shared_settings(tmp_path), NotificationsSettings())
    assert (dependencies.mailer, dependencies.texter, dependencies.operations) == (None, None, ())


def test_what_is_set_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are those of the public interface."""
    for name, value in {
        "SMTP_URL": "smtp+starttls://user:p%40ss@mail.example:2587",
        "FROM": "Blue Hall <tickets@blue-hall.example>",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "secret",
        "TWILIO_FROM": "+14155552345",
        "TWILIO_BASE_URL": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(f"NOTIFICATIONS_{name}", value)
    dependencies = build_dependencies(shared_settings(tmp_path, "a@x.example, b@x.example"))
    assert dependencies.mailer is not None
    assert dependencies.texter is not None
    assert dependencies.composer.sender.address == "tickets@blue-hall.example"
    assert dependencies.operations == ("a@x.example", "b@x.example")


@pytest.mark.parametrize("missing", ["twilio_account_sid", "twilio_auth_token", "twilio_from"])
def test_twilio_is_off_without_all_it_needs(missing: str) -> None:
    """Half a set of credentials sends nothing."""
    settings = NotificationsSettings(
        twilio_account_sid="AC1", twilio_auth_token=SecretStr("secret"), twilio_from="+14155552345"
    )
    assert settings.has_text_messages
    assert not settings.model_copy(update={missing: type(getattr(settings, missing))("")}).has_text_messages


@pytest.mark.parametrize(
    ("own", "operations", "said"),
    [
        (NotificationsSettings(sender="nobody"), "", "NOTIFICATIONS_FROM"),
        (NotificationsSettings(sender="a@x.example, b@x.example"), "", "NOTIFICATIONS_FROM"),
        (NotificationsSettings(), "operations", "OPERATIONS_EMAIL"),
        (NotificationsSettings(smtp_url=SecretStr("https://user:hunter2@mail.example")), "", "NOTIFICATIONS_SMTP_URL"),
    ],
)
def test_a_wrong_setting_stops_the_process_with_its_name(
    tmp_path: Path, own: NotificationsSettings, operations: str, said: str
) -> None:
    """And with no secret."""
    with pytest.raises(ValueError, match=said) as caught:
        build_dependencies(shared_settings(tmp_path, operations), own)
    assert "hunter2" not in str(caught.value)
