"""Settings of notifications: what is not set is off."""

from datetime import timedelta
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.retention import Days, check_outlasts
from shared.settings import ServiceSettings

CAUSES_REPEATED = timedelta(days=30)
"""How long the messages that ask for letters are known by themselves: longer than anything is published again."""


class NotificationsSettings(ServiceSettings):
    """The environment variables NOTIFICATIONS_…

    `smtp_url` is `smtp://`, `smtps://` or `smtp+starttls://`, with `user:password@` where the server asks for it.
    The retentions are days, or `forever`: of what was written, and of the log that it was.
    `sender` (NOTIFICATIONS_FROM) is an address with or without a name: `Blue Hall <tickets@blue-hall.example>`.
    """

    model_config = SettingsConfigDict(
        env_prefix="NOTIFICATIONS_", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    smtp_url: SecretStr = SecretStr("")
    sender: str = Field(default="Bellhop <bellhop@localhost>", validation_alias="NOTIFICATIONS_FROM")
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_base_url: str = "https://api.twilio.com"
    retention_bodies_days: Days = timedelta(days=30)
    retention_log_days: Days = timedelta(days=365)

    @model_validator(mode="after")
    def _check_retention(self) -> Self:
        """The log knows what was sent: what is asked for again after it forgot would be sent again."""
        log, name = self.retention_log_days, "NOTIFICATIONS_RETENTION_LOG_DAYS"
        check_outlasts(name, log, "the time in which what caused a letter may be repeated", CAUSES_REPEATED)
        check_outlasts(name, log, "NOTIFICATIONS_RETENTION_BODIES_DAYS", self.retention_bodies_days)
        return self

    @property
    def has_mail(self) -> bool:
        return bool(self.smtp_url.get_secret_value())

    @property
    def has_text_messages(self) -> bool:
        """Twilio is on only with all that it needs: account, token and a number to send from."""
        return bool(self.twilio_account_sid and self.twilio_auth_token.get_secret_value() and self.twilio_from)
