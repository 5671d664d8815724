"""Settings of appointments come from the environment."""

import pytest
from pydantic import SecretStr, ValidationError

from services.appointments.settings import AppointmentsSettings


def test_without_settings_both_providers_are_off() -> None:
    """What is not set is off; the addresses are the providers' own."""
    settings = AppointmentsSettings()
    assert (settings.own_credentials("calcom"), settings.own_credentials("retell")) == (None, None)
    assert (settings.calcom_base_url, settings.retell_base_url) == ("https://api.cal.com", "https://api.retellai.com")


def test_keys_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the blanks that come with pasting; a webhook secret alone is no connection."""
    monkeypatch.setenv("APPOINTMENTS_CALCOM_API_KEY", " cal_live_1 ")
    monkeypatch.setenv("APPOINTMENTS_CALCOM_WEBHOOK_SECRET", "s3cret")
    monkeypatch.setenv("APPOINTMENTS_RETELL_API_KEY", "  ")
    settings = AppointmentsSettings()
    assert (settings.own_credentials("calcom"), settings.own_credentials("retell")) == (("cal_live_1", "s3cret"), None)
    assert AppointmentsSettings(calcom_api_key=SecretStr("")).own_credentials("calcom") is None


def test_keys_are_not_shown() -> None:
    """Neither in a log nor in an error."""
    assert "cal_live_1" not in repr(AppointmentsSettings(calcom_api_key=SecretStr("cal_live_1")))


@pytest.mark.parametrize(
    ("text", "minutes"), [("60, 1440,60,", (1440, 60)), ("0", ()), ("", (1440, 60)), ("15", (15,))]
)
def test_reminders_are_minutes_with_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, minutes: tuple[int, ...]
) -> None:
    """The earliest first, each once; 0 is none, and nothing is what it is without the setting."""
    monkeypatch.setenv("APPOINTMENTS_REMINDERS", text)
    assert AppointmentsSettings().reminders == minutes


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("REMINDERS", "-60"),
        ("REMINDERS", "60,0"),
        ("REMINDERS", "one hour"),
        ("REMINDERS", "50000"),
        ("CALCOM_BASE_URL", "api.cal.com"),
        ("RETELL_BASE_URL", "ftp://x.example"),
        ("ANALYSIS_WAIT_SECONDS", "-1"),
        ("CALCOM_PER_MINUTE", "0"),
        ("OFFERED_SLOTS", "0"),
    ],
)
def test_a_wrong_value_stops_the_process(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """With the name of the setting."""
    monkeypatch.setenv(f"APPOINTMENTS_{name}", text)
    with pytest.raises(ValidationError, match=name.lower()):
        AppointmentsSettings()


def test_a_base_url_has_no_stroke_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths begin with one."""
    monkeypatch.setenv("APPOINTMENTS_CALCOM_BASE_URL", "http://127.0.0.1:9000/")
    assert AppointmentsSettings().calcom_base_url == "http://127.0.0.1:9000"
