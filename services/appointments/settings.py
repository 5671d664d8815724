"""Settings of appointments: what is not set is off."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.retention import Days, check_outlasts
from shared.settings import ServiceSettings

CALLS_ARE_TOLD_AGAIN = timedelta(days=30)
"""Webhooks are sent again for days, and calls that were missed are looked for in the last weeks."""
LONGEST_LEAD = 60 * 24 * 30
"""The minutes of 30 days: nobody is reminded earlier than that."""


def _base_url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("is not the address of a server, such as https://api.cal.com")
    return text.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class AppointmentsSettings(ServiceSettings):
    """The environment variables APPOINTMENTS_…

    The keys are those of the one connection to each provider that needs no row of its own (domain.connections).
    `reminders` is a list of minutes before an appointment, with commas; `0` is none. A company may have its own.
    The retentions are days, or `forever`: of what was said in calls, of calls, and of appointments after their end.
    """

    model_config = SettingsConfigDict(
        env_prefix="APPOINTMENTS_", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    calcom_api_key: SecretStr = SecretStr("")
    calcom_webhook_secret: SecretStr = SecretStr("")
    calcom_base_url: BaseUrl = "https://api.cal.com"
    calcom_per_minute: int = Field(100, ge=1, le=10_000)
    """What we allow ourselves of Cal.com's 120 requests a minute for each key."""
    retell_api_key: SecretStr = SecretStr("")
    retell_base_url: BaseUrl = "https://api.retellai.com"
    analysis_wait_seconds: float = Field(60.0, ge=0, le=86_400)
    """How long after a call's end its analysis is waited for, before Retell is asked for it."""
    reminders: Annotated[tuple[int, ...], NoDecode] = (1440, 60)
    offered_slots: int = Field(3, ge=1, le=10)
    """How many free times are offered instead of one that was taken."""
    retention_words_days: Days = timedelta(days=90)
    retention_calls_days: Days = timedelta(days=365)
    retention_appointments_days: Days = timedelta(days=3 * 365)

    @model_validator(mode="after")
    def _check_retention(self) -> Self:
        """A call that was forgotten would be taken in anew by the next webhook, or look, that tells of it."""
        calls, name = self.retention_calls_days, "APPOINTMENTS_RETENTION_CALLS_DAYS"
        check_outlasts(name, calls, "the time in which providers tell of a call again", CALLS_ARE_TOLD_AGAIN)
        check_outlasts(name, calls, "APPOINTMENTS_RETENTION_WORDS_DAYS", self.retention_words_days)
        check_outlasts(
            "APPOINTMENTS_RETENTION_APPOINTMENTS_DAYS",
            self.retention_appointments_days,
            "the time in which late words about a booking come",
            CALLS_ARE_TOLD_AGAIN,
        )
        return self

    @field_validator("reminders", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return () if value.strip() == "0" else tuple(int(part) for part in value.split(",") if part.strip())
        return value

    @field_validator("reminders")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 0 < minutes <= LONGEST_LEAD for minutes in value):
            raise ValueError(f"reminders are 1 to {LONGEST_LEAD} minutes before an appointment")
        return tuple(sorted(set(value), reverse=True))

    def own_credentials(self, provider: str) -> tuple[str, str] | None:
        """API key and webhook secret (or "") that the settings hold for a provider; None where it is off."""
        keys = {
            "calcom": (self.calcom_api_key, self.calcom_webhook_secret),
            "retell": (self.retell_api_key, SecretStr("")),
        }[provider]
        api_key, webhook_secret = (key.get_secret_value().strip() for key in keys)
        return (api_key, webhook_secret) if api_key else None
